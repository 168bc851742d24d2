import { FINAL_WEIGHTS } from '../../contract/trainer-protocol.js';
import { type Queryable, type Transaction, toJson } from './connection/database.js';
import type { Artifact, Job, ReproductionRow } from './rows.js';

export interface NewReproduction {
  readonly id: string;
  readonly tenant: string;
  readonly modelId: string;
  readonly jobId: string;
  /** sha256 of the model's weights. */
  readonly expected: string;
}

export function insertReproduction(tx: Transaction, row: NewReproduction): Promise<ReproductionRow> {
  return tx.reproduction.create({ data: row });
}

export function findReproduction(db: Queryable, tenant: string, id: string): Promise<ReproductionRow | null> {
  return db.reproduction.findUnique({ where: { id, tenant } });
}

/** The newest first. */
export function findReproductions(
  db: Queryable,
  { tenant, modelId }: { readonly tenant: string; readonly modelId: string },
  after: string | null,
  limit: number,
): Promise<ReproductionRow[]> {
  return db.reproduction.findMany({
    where: { tenant, modelId, ...(after !== null && { id: { lt: after } }) },
    orderBy: { id: 'desc' },
    take: limit,
  });
}

/** The reproduction of a model that is not finished; null if there is none. */
export function findUnfinished(
  db: Queryable,
  tenant: string,
  modelId: string,
): Promise<ReproductionRow | null> {
  return db.reproduction.findFirst({
    where: { tenant, modelId, finishedAt: null },
    orderBy: { id: 'desc' },
  });
}

/** The unfinished reproductions of all tenants, by id. */
export function unfinishedReproductions(
  db: Queryable,
  after: string,
  limit: number,
): Promise<ReproductionRow[]> {
  return db.reproduction.findMany({
    where: { finishedAt: null, id: { gt: after } },
    orderBy: { id: 'asc' },
    take: limit,
  });
}

/** The job of a reproduction with the artifact of its weights; null where it was deleted. */
export async function findJobOfReproduction(
  db: Queryable,
  jobId: string,
): Promise<(Pick<Job, 'state' | 'error'> & { readonly weights: Artifact | null }) | null> {
  const job = await db.job.findUnique({
    where: { id: jobId },
    select: { state: true, error: true, artifacts: { where: { name: FINAL_WEIGHTS } } },
  });
  return job && { state: job.state, error: job.error, weights: job.artifacts[0] ?? null };
}

export interface Verdict {
  readonly equal: boolean | null;
  readonly tensors: readonly string[];
  readonly different: number;
  readonly reason: string | null;
}

/** Ends a reproduction once. */
export async function endReproduction(
  tx: Transaction,
  id: string,
  { tensors, ...verdict }: Verdict,
): Promise<void> {
  const { count } = await tx.reproduction.updateMany({
    where: { id, finishedAt: null },
    data: { ...verdict, tensors: toJson(tensors) },
  });
  if (count > 0) await tx.$executeRaw`UPDATE reproduction SET finished_at = now() WHERE id = ${id}`;
}
