import type { BatchSuccess } from '../../contract/batch-protocol.js';
import type { BlobUri } from '../../contract/blob-uri.js';
import { COLUMNS } from './columns.js';
import { float, int, orNull, type RowOf, text } from './connection/column.js';
import type { Database, Queryable, Transaction } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import { endLease, type Fence, TAKEABLE, taken } from './leases.js';
import { type SharedPlace, takeInTurn } from './turns.js';

const CLAIMED_PART = {
  id: text,
  attempt: int,
  batchId: text,
  tenant: text,
  number: int,
  first: int,
  count: int,
  setup: COLUMNS.batchPrediction.setup,
  /** Folder of the upload that this part unpacks. */
  importId: orNull(text),
  /** Bytes that are counted for the input. */
  inputBytes: float,
  failures: int,
  /** Number of attempts that were lost with their worker. */
  losses: int,
  /** Outages of its host in a row. */
  outages: int,
};
export type ClaimedBatchPart = RowOf<typeof CLAIMED_PART>;
const claimed = statement('claim-batch-part', CLAIMED_PART);

const UNLIMITED = 2 ** 31 - 1;
const PLACE: SharedPlace = {
  name: 'batch',
  table: 'batch_part',
  open: Prisma.sql`uri IS NULL`,
  lane: ['tenant'],
  tenantMax: UNLIMITED,
  laneMax: UNLIMITED,
};

/** Takes the part whose turn it is, under a new fence; null where there is none. */
export async function claimBatchPart(
  db: Database,
  workerId: string,
  leaseMs: number,
): Promise<ClaimedBatchPart | null> {
  const part = await takeInTurn(db, PLACE, (id) =>
    claimed.first(
      db,
      Prisma.sql`
      UPDATE batch_part AS part SET ${taken(leaseMs)}, worker_id = ${workerId}, started_at = now()
      FROM batch_prediction AS batch
      WHERE batch.id = part.batch_id AND part.id = ${id} AND part.uri IS NULL AND ${TAKEABLE}
      RETURNING part.id, attempt, batch_id AS "batchId", part.tenant, number, first, count, setup,
        import_id AS "importId", input_bytes::float8 AS "inputBytes", failures, losses, outages`,
    ),
  );
  if (part === null) return null;
  await db.$executeRaw`
    UPDATE batch_prediction SET state = 'running', started_at = now() WHERE id = ${part.batchId} AND state = 'queued'`;
  return part;
}

const COUNTED = { total: int, done: int, failed: int, maxFailedShare: float };
export type CountedBatch = RowOf<typeof COUNTED>;
const counted = statement('count-batch-part', COUNTED);

export type PartCounts = Pick<BatchSuccess, 'failed' | 'byCompact' | 'sizeBytes'> & {
  readonly count: number;
};

/** Counts the images of one more finished part of a batch prediction, which is locked. */
export function countBatchPart(
  tx: Queryable,
  batchId: string,
  { count, failed, byCompact, sizeBytes }: PartCounts,
): Promise<CountedBatch> {
  return counted.only(
    tx,
    Prisma.sql`
    UPDATE batch_prediction SET done = done + ${count}, failed = failed + ${failed},
      by_compact = by_compact + ${byCompact}, result_bytes = result_bytes + ${sizeBytes}
    WHERE id = ${batchId}
    RETURNING total, done, failed, max_failed_share AS "maxFailedShare"`,
  );
}

/**
 * Stores the lines of a part, whose batch prediction is locked.
 * @returns how far it is now; null for a stale attempt, which changes nothing
 */
export async function finishBatchPart(
  tx: Transaction,
  { batchId, count, ...fence }: Fence & { readonly batchId: string; readonly count: number },
  success: BatchSuccess,
): Promise<CountedBatch | null> {
  const changes = Prisma.sql`uri = ${success.uri}, errors_uri = ${success.errors}`;
  if (!(await endLease(tx, 'batch_part', fence, changes))) return null;
  return countBatchPart(tx, batchId, { ...success, count });
}

export interface PartFiles {
  readonly uri: BlobUri | null;
  readonly errorsUri: BlobUri | null;
}

/** The lines of the finished parts of a batch prediction, in order. */
export function findLines(db: Queryable, batchId: string): Promise<PartFiles[]> {
  return db.batchPart.findMany({
    where: { batchId, uri: { not: null } },
    orderBy: { number: 'asc' },
    select: { uri: true, errorsUri: true },
  });
}
