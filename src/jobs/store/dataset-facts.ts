import { BUILT_IN_DATASETS } from '../../contract/datasets.js';
import type { DatasetFacts } from '../../contract/spec.js';
import { COLUMNS } from './columns.js';
import { flag, int, orNull, type RowOf, text } from './connection/column.js';
import { type Database, toJson } from './connection/database.js';
import { prepare } from './connection/prepared.js';
import type { Dataset } from './rows.js';

/** Tenant of built-in datasets, which all tenants can use. */
export const EVERYBODY = '';

type StoredFacts = Omit<DatasetFacts, 'name' | 'manifest'>;

/** The columns that hold the facts. */
export function columnsOf(facts: StoredFacts) {
  return {
    classes: toJson(facts.classes),
    image: toJson(facts.image),
    storage: facts.storage,
    trainCount: facts.train_count,
    testCount: facts.test_count,
    validationCount: facts.validation_count,
    augmentation: toJson(facts.augmentation),
  };
}

/** Facts that a new job needs about its dataset. */
export const FACTS_COLUMNS = {
  id: text,
  tenant: text,
  name: text,
  state: COLUMNS.dataset.state,
  builtIn: flag,
  sha256: orNull(text),
  classes: COLUMNS.dataset.classes,
  image: COLUMNS.dataset.image,
  storage: COLUMNS.dataset.storage,
  trainCount: int,
  testCount: int,
  validationCount: int,
  augmentation: COLUMNS.dataset.augmentation,
};
export type DatasetFactsRow = RowOf<typeof FACTS_COLUMNS>;

/** @throws Error for a dataset without known facts */
export function factsOf(row: DatasetFactsRow): DatasetFacts {
  if (row.image === null) throw new Error(`dataset ${row.id} is not ready`);
  return {
    name: row.name,
    classes: row.classes,
    image: row.image,
    storage: row.storage,
    // For a dataset that trainers decode, the hash only records the result of the last `prepare`.
    manifest: isDecoded(row) || row.sha256 === null ? null : `sha256:${row.sha256}`,
    train_count: row.trainCount,
    test_count: row.testCount,
    validation_count: row.validationCount,
    augmentation: row.augmentation,
  };
}

const isDecoded = ({ builtIn, name }: DatasetFactsRow): boolean =>
  builtIn && BUILT_IN_DATASETS.some((facts) => facts.name === name);

const FACTS = `SELECT id, tenant, name, state, built_in AS "builtIn", sha256, classes, image, storage,
  train_count AS "trainCount", test_count AS "testCount", validation_count AS "validationCount", augmentation
  FROM dataset`;

// Two branches, each served by an index: an OR of both conditions would read the whole table.
const named = prepare(
  'datasets-named',
  FACTS_COLUMNS,
  `${FACTS} WHERE id = ANY ($1)
  UNION ALL ${FACTS} WHERE tenant = ANY ($2) AND name = ANY ($1) ORDER BY tenant DESC`,
);

/** A dataset as a tenant names it: by its name or its id. */
export interface NamedDataset {
  readonly tenant: string;
  readonly nameOrId: string;
}

/**
 * Datasets with these names or ids, shared ones last, because a tenant's name may be older than that of a built-in
 * dataset. Several tenants are answered together: `isVisibleTo` selects by tenant.
 */
export function findDatasetsNamed(db: Database, wanted: readonly NamedDataset[]): Promise<DatasetFactsRow[]> {
  const tenants = new Set([EVERYBODY, ...wanted.map(({ tenant }) => tenant)]);
  const names = new Set(wanted.map(({ nameOrId }) => nameOrId));
  return named(db, [[...names], [...tenants]]);
}

export function isVisibleTo(tenant: string, row: Pick<Dataset, 'tenant'>): boolean {
  return row.tenant === tenant || row.tenant === EVERYBODY;
}
