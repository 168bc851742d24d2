/** The tables' rows as the rest of job control sees them; Prisma itself stays in this folder. */
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
/** Columns that change with a job's state. */
export type JobChanges = Prisma.JobUpdateInput;
