import { BUILT_IN_DATASETS } from '../../contract/datasets.js';
import { FETCHED_DATASETS } from '../../contract/fetched-datasets.js';
import type { DatasetProblem, ImportSuccess } from '../../contract/importer-protocol.js';
import type { DatasetFacts } from '../../contract/spec.js';
import { text } from './connection/column.js';
import { type Queryable, type Transaction, toJson } from './connection/database.js';
import { statement } from './connection/statement.js';
import { columnsOf, EVERYBODY } from './dataset-facts.js';
import { Prisma } from './generated/client.js';
import type { Dataset, DatasetImport } from './rows.js';

/** Inserts the built-in datasets, and updates their facts for this version. */
export async function seedDatasets(db: Queryable): Promise<void> {
  for (const facts of BUILT_IN_DATASETS) {
    const columns = columnsOf(facts);
    await db.dataset.upsert({
      where: { id: facts.name },
      update: columns,
      create: { id: facts.name, name: facts.name, builtIn: true, state: 'ready', problems: [], ...columns },
    });
  }
  const fetched = FETCHED_DATASETS.map(({ name }) => ({
    ...{ id: name, name, builtIn: true, state: 'available', problems: [] },
    ...UNKNOWN,
  }));
  await db.dataset.createMany({ data: fetched, skipDuplicates: true });
}

/** Facts of a dataset before its import. */
const UNKNOWN = {
  classes: [],
  trainCount: 0,
  testCount: 0,
  validationCount: 0,
  augmentation: { crop_padding: 0, horizontal_flip: false },
};

const isBuiltIn = (name: string): boolean =>
  [...BUILT_IN_DATASETS, ...FETCHED_DATASETS].some((dataset) => dataset.name === name);

const visibleTo = (tenant: string) => ({ tenant: { in: [tenant, EVERYBODY] } });

export type DatasetWithImport = Dataset & { readonly import: DatasetImport | null };

export function findDataset(
  db: Queryable,
  tenant: string,
  nameOrId: string,
): Promise<DatasetWithImport | null> {
  return db.dataset.findFirst({
    where: { ...visibleTo(tenant), OR: [{ id: nameOrId }, { name: nameOrId }] },
    // The tenant's own dataset goes before a shared one.
    orderBy: { tenant: 'desc' },
    include: { import: true },
  });
}

/** Built-in datasets first, then the newest. @param after id of the last dataset of the previous page */
/** The dataset of a job, which cannot be deleted before its jobs. */
export function requireDatasetRow(db: Queryable, id: string): Promise<Dataset> {
  return db.dataset.findUniqueOrThrow({ where: { id } });
}

export function findDatasets(
  db: Queryable,
  tenant: string,
  after: string | null,
  limit: number,
): Promise<DatasetWithImport[]> {
  const amongBuiltIn = after !== null && isBuiltIn(after);
  const older = { builtIn: amongBuiltIn, id: { lt: after ?? '' } };
  const rest = amongBuiltIn ? [older, { builtIn: false }] : [older];
  return db.dataset.findMany({
    where: { ...visibleTo(tenant), ...(after !== null && { OR: rest }) },
    orderBy: [{ builtIn: 'desc' }, { id: 'desc' }],
    take: limit,
    include: { import: true },
  });
}

/** Names of the datasets that a tenant can use, for messages. */
export async function datasetNames(db: Queryable, tenant: string, max: number): Promise<string[]> {
  const rows = await db.dataset.findMany({
    where: visibleTo(tenant),
    orderBy: [{ builtIn: 'desc' }, { id: 'desc' }],
    take: max,
    select: { name: true },
  });
  return rows.map(({ name }) => name);
}

export function countDatasets(db: Queryable, tenant: string): Promise<number> {
  return db.dataset.count({ where: { tenant } });
}

/** Stores the origin of the data, which is known after the download. */
export async function setSource(db: Queryable, id: string, source: unknown): Promise<void> {
  // The dataset may have been deleted in the meantime.
  await db.dataset.updateMany({ where: { id }, data: { source: toJson(source) } });
}

export interface NewDataset {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly source: unknown;
  readonly storedBytes: number;
}

/** @returns false if the tenant has a dataset of this name, or a shared one exists */
export async function insertDataset(tx: Transaction, dataset: NewDataset): Promise<boolean> {
  const { id, tenant, name, source, storedBytes } = dataset;
  if ((await tx.dataset.count({ where: { ...visibleTo(tenant), name } })) > 0) return false;
  const row = {
    id,
    tenant,
    name,
    builtIn: false,
    state: 'validating',
    ...UNKNOWN,
    source: toJson(source),
    storedBytes,
    problems: [],
  };
  // Another request with this name may still be faster.
  return (await tx.dataset.createMany({ data: [row], skipDuplicates: true })).count === 1;
}

const locked = statement('lock-dataset', { id: text });

/** Locks the row of a dataset. It goes before the lock of its import. */
export async function lockDatasetRow(tx: Transaction, id: string): Promise<void> {
  await locked.rows(tx, Prisma.sql`SELECT id FROM dataset WHERE id = ${id} FOR UPDATE`);
}

/** Prevents changes, deletion and new jobs while locked. @returns null if there is no such dataset */
export async function lockDataset(
  tx: Transaction,
  tenant: string,
  id: string,
): Promise<DatasetWithImport | null> {
  await lockDatasetRow(tx, id);
  return tx.dataset.findFirst({ where: { id, ...visibleTo(tenant) }, include: { import: true } });
}

export async function deleteDataset(tx: Transaction, id: string): Promise<void> {
  await tx.dataset.delete({ where: { id } });
}

/** Number of jobs with this dataset, finished or not. */
export function countJobsOn(db: Queryable, datasetId: string): Promise<number> {
  return db.job.count({ where: { datasetId } });
}

/** Marks the start of an import. Problems of the last import stay until this one has ended. */
export async function setValidating(tx: Transaction, id: string): Promise<void> {
  await tx.dataset.update({ where: { id }, data: { state: 'validating' } });
}

export type ImportedFacts = Omit<ImportSuccess, 'manifest' | 'stored_bytes'> & {
  readonly sha256: string;
  readonly augmentation: DatasetFacts['augmentation'];
};

export async function setReady(tx: Transaction, id: string, facts: ImportedFacts): Promise<void> {
  const { format, mean, standard_deviation, sha256, problems, problem_count: problemCount } = facts;
  const statistics = { mean, standard_deviation };
  const known = FETCHED_DATASETS.find(({ name }) => name === id)?.classes;
  await tx.dataset.update({
    where: { id },
    data: {
      ...columnsOf({ ...facts, classes: known?.length === facts.classes.length ? known : facts.classes }),
      state: 'ready',
      format,
      statistics: toJson(statistics),
      metadata: toJson(facts.metadata),
      sha256,
      problems: toJson(problems),
      problemCount,
    },
  });
}

export async function setFailed(
  tx: Transaction,
  id: string,
  problems: readonly DatasetProblem[],
  problemCount: number,
): Promise<void> {
  await tx.dataset.update({
    where: { id },
    // Its upload is deleted.
    data: { state: 'failed', problems: toJson(problems), problemCount, storedBytes: 0 },
  });
}

export async function readState(tx: Transaction, id: string): Promise<Dataset['state']> {
  return (await tx.dataset.findUniqueOrThrow({ where: { id }, select: { state: true } })).state;
}

/** Stores the hash of the dataset that the `prepare` task of a job decoded. */
export async function setDatasetHash(tx: Transaction, jobId: string, sha256: string): Promise<void> {
  // Many jobs prepare the same dataset at the same time: a row that says so already is not locked.
  await tx.$executeRaw`
    UPDATE dataset SET sha256 = ${sha256} FROM job
    WHERE job.id = ${jobId} AND dataset.id = job.dataset_id AND dataset.sha256 IS DISTINCT FROM ${sha256}`;
}
