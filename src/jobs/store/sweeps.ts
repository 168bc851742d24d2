import type { SweepEnd, SweepSpec } from '../../planning/sweeps/types.js';
import { text } from './connection/column.js';
import { type Queryable, type Transaction, toJson } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import type { SweepRow } from './rows.js';

const SWEEP_ID = { id: text };
const unfinished = statement('unfinished-sweeps', SWEEP_ID);
const lockedSweep = statement('lock-sweep', SWEEP_ID);

export interface NewSweep {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly spec: SweepSpec;
  readonly refused: number;
  readonly refusal: string | null;
  /** Draws that the search has made. */
  readonly drawn: number;
}

export function insertSweep(tx: Transaction, { metadata, spec, ...row }: NewSweep): Promise<SweepRow> {
  return tx.sweep.create({ data: { ...row, metadata: toJson(metadata), spec: toJson(spec) } });
}

export function findSweep(db: Queryable, tenant: string, id: string): Promise<SweepRow | null> {
  return db.sweep.findUnique({ where: { id, tenant } });
}

/** The newest first. @param after id of the last of the previous page */
export function listSweeps(
  db: Queryable,
  tenant: string,
  after: string | null,
  limit: number,
): Promise<SweepRow[]> {
  return db.sweep.findMany({
    where: { tenant, ...(after !== null && { id: { lt: after } }) },
    orderBy: { id: 'desc' },
    take: limit,
  });
}

export function countOpenSweeps(db: Queryable, tenant: string): Promise<number> {
  return db.sweep.count({ where: { tenant, finishedAt: null } });
}

/** Sweeps of which something may be left to do. */
export function unfinishedSweeps(
  db: Queryable,
  after: string,
  limit: number,
): Promise<{ readonly id: string }[]> {
  return unfinished.rows(
    db,
    Prisma.sql`SELECT id FROM sweep WHERE finished_at IS NULL AND id > ${after} ORDER BY id LIMIT ${limit}`,
  );
}

/**
 * Locks a sweep: whoever changes it or its trials does this first. Jobs are locked after it, never before.
 * @param whenLocked `skip`: returns null if another transaction holds the lock
 */
export async function lockSweep(
  tx: Transaction,
  id: string,
  whenLocked: 'wait' | 'skip' = 'wait',
): Promise<SweepRow | null> {
  const skip = whenLocked === 'skip' ? Prisma.sql`SKIP LOCKED` : Prisma.empty;
  const found = await lockedSweep.first(
    tx,
    Prisma.sql`SELECT id FROM sweep WHERE id = ${id} FOR NO KEY UPDATE ${skip}`,
  );
  return found === null ? null : tx.sweep.findUnique({ where: { id } });
}

export interface SweepChanges {
  readonly name?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly spec?: SweepSpec;
  readonly refused?: number;
  readonly refusal?: string | null;
  readonly drawn?: number;
  readonly ended?: SweepEnd;
  readonly refitJobId?: string;
}

/** Changes a locked sweep; a field that is undefined keeps its value. */
export async function changeSweep(
  tx: Transaction,
  id: string,
  { name, metadata, spec, ...changes }: SweepChanges,
): Promise<void> {
  const data = {
    ...changes,
    ...(name !== undefined && { name }),
    ...(metadata && { metadata: toJson(metadata) }),
    ...(spec && { spec: toJson(spec) }),
  };
  await tx.sweep.update({ where: { id }, data });
}

/** Notes the wish to pause a locked sweep, or takes it back. */
export async function setSweepPaused(tx: Transaction, id: string, isPaused: boolean): Promise<void> {
  const since = isPaused ? Prisma.sql`coalesce(paused_at, now())` : Prisma.sql`NULL`;
  await tx.$executeRaw(Prisma.sql`UPDATE sweep SET paused_at = ${since} WHERE id = ${id}`);
}

export async function finishSweep(tx: Transaction, id: string): Promise<void> {
  await tx.$executeRaw`UPDATE sweep SET finished_at = now() WHERE id = ${id}`;
}
