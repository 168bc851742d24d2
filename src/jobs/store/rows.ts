/** Row types for the rest of job control. Prisma itself is used only in this folder. */
import type { TableRow } from './columns.js';
import type { Prisma } from './generated/client.js';

export type ApiKey = TableRow<'apiKey'>;
export type Artifact = TableRow<'artifact'>;
export type BatchPrediction = TableRow<'batchPrediction'>;
export type Dataset = TableRow<'dataset'>;
export type DatasetImport = TableRow<'datasetImport'>;
export type Evaluation = TableRow<'evaluation'>;
export type Event = TableRow<'event'>;
export type Job = TableRow<'job'>;
export type LogLine = TableRow<'logLine'>;
export type ModelPushRow = TableRow<'modelPush'>;
export type PromotionRow = TableRow<'promotion'>;
export type AliasRuleRow = TableRow<'aliasRule'>;
export type ReproductionRow = TableRow<'reproduction'>;
export type Profile = TableRow<'profile'>;
export type SweepRow = TableRow<'sweep'>;
export type TagChange = TableRow<'tagChange'>;
export type Task = TableRow<'task'>;
export type TrackerExport = TableRow<'trackerExport'>;
export type Webhook = TableRow<'webhook'>;
export type WeightsRow = TableRow<'weights'>;
export type WebhookDelivery = TableRow<'webhookDelivery'>;
/** Columns that change together with the state of a job. */
export type JobChanges = Prisma.JobUpdateInput;
