import type { BatchSetup, PicturesSuccess } from '../../contract/batch-protocol.js';
import type { components } from '../../contract/generated/openapi.js';
import { announce } from './announcements.js';
import type { ClaimedBatchPart } from './batch-parts.js';
import { COLUMNS } from './columns.js';
import { type Queryable, type Transaction, toJson } from './connection/database.js';
import { notify } from './connection/notify.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import { newId } from './ids.js';
import { cutIntoParts, type NewPart } from './parts.js';
import type { BatchPrediction } from './rows.js';

type Schemas = components['schemas'];

export interface NewUpload {
  /** Its folder among the spool files. */
  readonly importId: string;
  readonly sha256: string | null;
  readonly sizeBytes: number;
}

export interface NewBatchPrediction {
  readonly id: string;
  readonly tenant: string;
  readonly modelId: string;
  readonly modelName: string;
  readonly variant: Schemas['ModelVariantName'];
  /** Null for an upload, like `split`. */
  readonly datasetId: string | null;
  readonly datasetName: string | null;
  readonly datasetSha256: string | null;
  readonly split: Schemas['EvaluationSplit'] | null;
  readonly upload: NewUpload | null;
  /** 0 until an upload is unpacked. */
  readonly total: number;
  readonly maxFailedShare: number;
  readonly setup: BatchSetup;
}

/** Inserts a batch prediction with its parts of so many images; for an upload, with the part that unpacks it. */
export async function insertBatch(
  tx: Transaction,
  { setup, upload, ...row }: NewBatchPrediction,
  imagesPerPart: number,
): Promise<BatchPrediction> {
  const { id: batchId, tenant, total } = row;
  const held = upload && {
    upload: toJson(shownOf(upload)),
    importId: upload.importId,
    inputBytes: upload.sizeBytes,
  };
  const batch = await tx.batchPrediction.create({ data: { ...row, ...held, setup: toJson(setup) } });
  const parts = upload ? [UNPACKING()] : cutIntoParts(total, imagesPerPart);
  await insertParts(tx, { batchId, tenant }, parts);
  notify(tx, 'strata_evaluation');
  return batch;
}

const shownOf = ({ sha256, sizeBytes }: Pick<NewUpload, 'sha256' | 'sizeBytes'>) => ({
  sha256,
  size_bytes: sizeBytes,
});

const UNPACKING = (): NewPart => ({ id: newId('part'), number: 0, first: 0, count: 0 });

async function insertParts(
  tx: Transaction,
  owner: { readonly batchId: string; readonly tenant: string },
  parts: readonly NewPart[],
): Promise<void> {
  await tx.batchPart.createMany({ data: parts.map((part) => ({ ...part, ...owner })) });
}

/** Cuts the unpacked pictures of a batch prediction, which is locked, into parts. They replace the part `claim`. */
export async function startBatch(
  tx: Transaction,
  { id, batchId, tenant, setup }: ClaimedBatchPart,
  { pictures, count, sizeBytes, sha256 }: PicturesSuccess,
  imagesPerPart: number,
): Promise<void> {
  const { upload } = await tx.batchPrediction.findUniqueOrThrow({ where: { id: batchId } });
  await tx.batchPart.delete({ where: { id } });
  await tx.batchPrediction.update({
    where: { id: batchId },
    data: {
      setup: toJson({ ...setup, pictures }),
      upload: toJson({ ...upload, sha256 }),
      ...{ total: count, importId: null, inputBytes: sizeBytes },
    },
  });
  await insertParts(tx, { batchId, tenant }, cutIntoParts(count, imagesPerPart));
  notify(tx, 'strata_evaluation');
}

/** The ids of uploads among `ids` that batch predictions have not unpacked yet. */
export async function heldUploads(db: Queryable, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const where = { importId: { in: [...ids] } };
  const rows = await db.batchPrediction.findMany({ where, select: { importId: true } });
  return new Set(rows.flatMap(({ importId }) => importId ?? []));
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
      // The upload and its pictures are deleted.
      ...{ importId: null, inputBytes: 0 },
    },
  });
  await tx.$executeRaw`UPDATE batch_prediction SET finished_at = now() WHERE id = ${id}`;
  await announce(tx, row.tenant, `batch_prediction.${end.state}`, { batch_prediction: toldOf(row) });
  notify(tx, 'strata_evaluation');
}

/** The view of a batch prediction for webhooks. */
function toldOf({ id, state, modelId, total, done, failed, byCompact, error }: BatchPrediction) {
  return { id, state, model_id: modelId, counts: { total, done, failed, by_compact: byCompact }, error };
}
