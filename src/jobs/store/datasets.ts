import { BUILT_IN_DATASETS } from '../../contract/datasets.js';
import type { DatasetFacts, DatasetStorage } from '../../contract/spec.js';
import { type Database, fromJson, type Queryable, type Transaction, toJson } from './database.js';
import type { Dataset } from './generated/client.js';
import { prepare } from './prepared.js';

/** Makes the built-in datasets known, and brings their facts up to date with this version. */
export async function seedDatasets(db: Queryable): Promise<void> {
  for (const facts of BUILT_IN_DATASETS) {
    const columns = columnsOf(facts);
    await db.dataset.upsert({
      where: { id: facts.name },
      update: columns,
      create: { id: facts.name, name: facts.name, builtIn: true, state: 'ready', problems: [], ...columns },
    });
  }
}

function columnsOf(facts: DatasetFacts) {
  return {
    classes: toJson(facts.classes),
    image: toJson(facts.image),
    storage: facts.storage,
    trainCount: facts.train_count,
    testCount: facts.test_count,
    augmentation: toJson(facts.augmentation),
  };
}

/** What a new job must know of its dataset. */
export type DatasetFactsRow = Pick<
  Dataset,
  | ('id' | 'name' | 'state' | 'builtIn' | 'sha256' | 'classes' | 'image' | 'storage')
  | ('trainCount' | 'testCount' | 'augmentation')
>;

export function factsOf(row: DatasetFactsRow): DatasetFacts {
  return {
    name: row.name,
    classes: fromJson<DatasetFacts['classes']>(row.classes),
    image: fromJson<DatasetFacts['image']>(row.image),
    storage: row.storage as DatasetStorage,
    // The hash of a built-in one only notes what its last `prepare` made.
    manifest: row.builtIn || row.sha256 === null ? null : `sha256:${row.sha256}`,
    train_count: row.trainCount,
    test_count: row.testCount,
    augmentation: fromJson<DatasetFacts['augmentation']>(row.augmentation),
  };
}

export function findDataset(db: Queryable, nameOrId: string) {
  return db.dataset.findFirst({ where: { OR: [{ id: nameOrId }, { name: nameOrId }] } });
}

const named = prepare<DatasetFactsRow>(
  'datasets-named',
  `SELECT id, name, state, built_in AS "builtIn", sha256, classes, image, storage, train_count AS "trainCount",
    test_count AS "testCount", augmentation
  FROM dataset WHERE id = ANY ($1) OR name = ANY ($1)`,
);

export function findDatasetsNamed(db: Database, namesOrIds: readonly string[]): Promise<DatasetFactsRow[]> {
  return named(db, [namesOrIds]);
}

export function findDatasets(db: Queryable) {
  return db.dataset.findMany({ orderBy: { name: 'asc' } });
}

/** Notes what a job's `prepare` found the decoded dataset to be. */
export async function setDatasetHash(tx: Transaction, jobId: string, sha256: string): Promise<void> {
  await tx.dataset.updateMany({ where: { jobs: { some: { id: jobId } } }, data: { sha256 } });
}
