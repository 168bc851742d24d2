import type { BlobUri } from '../../contract/blob-uri.js';
import { COLUMNS } from './columns.js';
import { int, type RowOf, text } from './connection/column.js';
import type { Database, Queryable, Transaction } from './connection/database.js';
import { notify } from './connection/notify.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import { newId } from './ids.js';
import { endLease, type Fence, TAKEABLE, taken } from './leases.js';
import { type SharedPlace, takeInTurn } from './turns.js';

const CLAIMED_PART = {
  id: text,
  attempt: int,
  evaluationId: text,
  tenant: text,
  number: int,
  first: int,
  /** 0 for the part that assembles the networks of a checkpoint, and for the one that computes the figures. */
  count: int,
  setup: COLUMNS.evaluation.setup,
  failures: int,
  /** Number of attempts that were lost with their worker. */
  losses: int,
  /** Outages of its host in a row. */
  outages: int,
};
export type ClaimedPart = RowOf<typeof CLAIMED_PART>;
const claimed = statement('claim-evaluation-part', CLAIMED_PART);

const UNLIMITED = 2 ** 31 - 1;
const PLACE: SharedPlace = {
  name: 'evaluation',
  table: 'evaluation_part',
  open: Prisma.sql`uri IS NULL`,
  lane: ['tenant'],
  tenantMax: UNLIMITED,
  laneMax: UNLIMITED,
};

/** Takes the part whose turn it is, under a new fence; null where there is none. */
export async function claimPart(
  db: Database,
  workerId: string,
  leaseMs: number,
): Promise<ClaimedPart | null> {
  const part = await takeInTurn(db, PLACE, (id) =>
    claimed.first(
      db,
      Prisma.sql`
      UPDATE evaluation_part AS part SET ${taken(leaseMs)}, worker_id = ${workerId}, started_at = now()
      FROM evaluation
      WHERE evaluation.id = part.evaluation_id AND part.id = ${id} AND part.uri IS NULL AND ${TAKEABLE}
      RETURNING part.id, attempt, evaluation_id AS "evaluationId", part.tenant, number, first, count, setup, failures,
        losses, outages`,
    ),
  );
  if (part === null) return null;
  await db.$executeRaw`
    UPDATE evaluation SET state = 'running', started_at = now() WHERE id = ${part.evaluationId} AND state = 'queued'`;
  return part;
}

const COUNTED = { parts: int, done: int, tenant: text };
const counted = statement('count-evaluation-part', COUNTED);

/** Counts one more finished part of an evaluation, which is locked. */
export function countPart(tx: Queryable, evaluationId: string): Promise<RowOf<typeof COUNTED>> {
  return counted.only(
    tx,
    Prisma.sql`
    UPDATE evaluation SET parts_done = parts_done + 1 WHERE id = ${evaluationId}
    RETURNING parts, parts_done AS done, tenant`,
  );
}

/**
 * Stores the answers of a part, whose evaluation is locked. After the last one, the part of the figures is added.
 * @returns false for a stale attempt, which changes nothing
 */
export async function finishPart(
  tx: Transaction,
  { evaluationId, ...fence }: Fence & { readonly evaluationId: string },
  uri: BlobUri,
): Promise<boolean> {
  if (!(await endLease(tx, 'evaluation_part', fence, Prisma.sql`uri = ${uri}`))) return false;
  const { parts, done, tenant } = await countPart(tx, evaluationId);
  if (done === parts - 1) {
    const number = parts - 1;
    const data = { id: newId('part'), evaluationId, tenant, number, first: 0, count: 0 };
    await tx.evaluationPart.create({ data });
    notify(tx, 'strata_evaluation');
  }
  return true;
}

/** The answers of the finished parts of an evaluation, in order. */
export async function findAnswers(db: Queryable, evaluationId: string): Promise<BlobUri[]> {
  const rows = await db.evaluationPart.findMany({
    where: { evaluationId, uri: { not: null } },
    orderBy: { number: 'asc' },
  });
  return rows.flatMap(({ uri }) => uri ?? []);
}
