import type { BatchSetup } from '../../contract/batch-protocol.js';
import type { components } from '../../contract/generated/openapi.js';
import { announce } from './announcements.js';
import { COLUMNS } from './columns.js';
import { type Queryable, type Transaction, toJson } from './connection/database.js';
import { notify } from './connection/notify.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import { cutIntoParts } from './parts.js';
import type { BatchPrediction } from './rows.js';

type Schemas = components['schemas'];

export interface NewBatchPrediction {
  readonly id: string;
  readonly tenant: string;
  readonly modelId: string;
  readonly modelName: string;
  readonly variant: Schemas['ModelVariantName'];
  readonly datasetId: string;
  readonly datasetName: string;
  readonly datasetSha256: string;
  readonly split: Schemas['EvaluationSplit'];
  readonly total: number;
  readonly maxFailedShare: number;
  readonly setup: BatchSetup;
}

/** Inserts a batch prediction with its parts of so many images. */
export async function insertBatch(
  tx: Transaction,
  { setup, ...row }: NewBatchPrediction,
  imagesPerPart: number,
): Promise<BatchPrediction> {
  const { id: batchId, tenant, total } = row;
  const batch = await tx.batchPrediction.create({ data: { ...row, setup: toJson(setup) } });
  await tx.batchPart.createMany({
    data: cutIntoParts(total, imagesPerPart).map((part) => ({ ...part, batchId, tenant })),
  });
  notify(tx, 'strata_evaluation');
  return batch;
}

export function findBatch(db: Queryable, tenant: string, id: string): Promise<BatchPrediction | null> {
  return db.batchPrediction.findUnique({ where: { id, tenant } });
}

export interface BatchQuery {
  readonly tenant: string;
  readonly modelId: string | null;
  /** The last id of the previous page. */
  readonly after: string | null;
  readonly limit: number;
}

/** The newest first. */
export function findBatches(
  db: Queryable,
  { tenant, modelId, after, limit }: BatchQuery,
): Promise<BatchPrediction[]> {
  return db.batchPrediction.findMany({
    where: { tenant, ...(modelId !== null && { modelId }), ...(after !== null && { id: { lt: after } }) },
    orderBy: { id: 'desc' },
    take: limit,
  });
}

export function countBatches(db: Queryable, tenant: string): Promise<number> {
  return db.batchPrediction.count({ where: { tenant } });
}

/** @returns whether there was one */
export async function deleteBatch(tx: Transaction, tenant: string, id: string): Promise<boolean> {
  const { count } = await tx.batchPrediction.deleteMany({ where: { id, tenant } });
  notify(tx, 'strata_evaluation');
  return count > 0;
}

const locked = statement('lock-batch-prediction', { state: COLUMNS.batchPrediction.state });

/** Locks a batch prediction: always before its parts. @returns whether it has not ended; false also where it is gone */
export async function lockUnfinishedBatch(tx: Transaction, id: string): Promise<boolean> {
  const row = await locked.first(
    tx,
    Prisma.sql`SELECT state FROM batch_prediction WHERE id = ${id} FOR UPDATE`,
  );
  return row?.state === 'queued' || row?.state === 'running';
}

export type BatchEnd =
  | { readonly state: 'succeeded' }
  | { readonly state: 'failed'; readonly error: Schemas['EvaluationError'] }
  | { readonly state: 'cancelled' };

/** Ends a batch prediction that is locked and unfinished, and tells webhooks. Finished parts stay, unless it was cancelled. */
export async function endBatch(tx: Transaction, id: string, end: BatchEnd): Promise<void> {
  const isKept = end.state !== 'cancelled';
  await tx.batchPart.deleteMany({ where: { batchId: id, ...(isKept && { uri: null }) } });
  const row = await tx.batchPrediction.update({
    where: { id },
    data: {
      state: end.state,
      ...(end.state === 'failed' && { error: toJson(end.error) }),
      ...(!isKept && { resultBytes: 0 }),
    },
  });
  await tx.$executeRaw`UPDATE batch_prediction SET finished_at = now() WHERE id = ${id}`;
  await announce(tx, row.tenant, `batch_prediction.${end.state}`, { batch_prediction: toldOf(row) });
  notify(tx, 'strata_evaluation');
}

/** What webhooks hear of a batch prediction. */
function toldOf({ id, state, modelId, total, done, failed, byCompact, error }: BatchPrediction) {
  return { id, state, model_id: modelId, counts: { total, done, failed, by_compact: byCompact }, error };
}
