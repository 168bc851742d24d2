/** Row types for the rest of job control. Prisma itself is used only in this folder. */
import type { Prisma } from './generated/client.js';

export type {
  ApiKey,
  Artifact,
  Dataset,
  DatasetImport,
  Event,
  Job,
  LogLine,
  Profile,
  TagChange,
  Task,
  TrackerExport,
  Webhook,
  WebhookDelivery,
  Worker,
} from './generated/client.js';
/** Columns that change together with the state of a job. */
export type JobChanges = Prisma.JobUpdateInput;
