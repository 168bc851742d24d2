import type { components } from '../../contract/generated/openapi.js';
import type { BlobUri } from '../../contract/trainer-protocol.js';
import { type Queryable, type Transaction, toJson } from './connection/database.js';
import type { WeightsRow } from './rows.js';

type Weights = components['schemas']['Weights'];

export interface NewWeights
  extends Pick<Weights, 'name' | 'layout' | 'network' | 'channels' | 'classes' | 'sha256' | 'source'> {
  readonly id: string;
  readonly tenant: string;
  readonly classNames: readonly string[] | null;
  readonly sizeBytes: number;
  readonly uri: BlobUri;
  readonly storedBytes: number;
}

export function insertWeights(
  tx: Transaction,
  { network, classNames, ...row }: NewWeights,
): Promise<WeightsRow> {
  return tx.weights.create({
    data: { ...row, network: toJson(network), ...(classNames && { classNames: toJson(classNames) }) },
  });
}

export function findWeights(db: Queryable, tenant: string, id: string): Promise<WeightsRow | null> {
  return db.weights.findUnique({ where: { id, tenant } });
}

/** The newest first. @param after id of the last of the previous page */
export function listWeights(
  db: Queryable,
  tenant: string,
  after: string | null,
  limit: number,
): Promise<WeightsRow[]> {
  return db.weights.findMany({
    where: { tenant, ...(after !== null && { id: { lt: after } }) },
    orderBy: { id: 'desc' },
    take: limit,
  });
}

export function countWeights(db: Queryable, tenant: string): Promise<number> {
  return db.weights.count({ where: { tenant } });
}

/** Unfinished jobs of the tenant that start from the weights. */
export function countJobsFrom(db: Queryable, tenant: string, id: string): Promise<number> {
  return db.job.count({
    where: { tenant, finishedAt: null, spec: { path: ['init_from', 'weights'], equals: id } },
  });
}

/** @returns whether there were such weights */
export async function deleteWeights(tx: Transaction, tenant: string, id: string): Promise<boolean> {
  return (await tx.weights.deleteMany({ where: { tenant, id } })).count > 0;
}
