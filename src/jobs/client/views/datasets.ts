import type { Dataset } from '../../../contract/client/datasets.js';
import { progressOfImport } from '../../store/dataset-imports.js';
import type { DatasetWithImport } from '../../store/datasets.js';

export function toDataset(row: DatasetWithImport): Dataset {
  return {
    id: row.id,
    object: 'dataset',
    name: row.name,
    built_in: row.builtIn,
    state: row.state,
    progress: row.import && progressOfImport(row.import),
    format: row.format,
    source: row.source,
    classes: row.classes,
    image: row.image,
    storage: row.storage,
    splits: {
      train: { count: row.trainCount },
      validation: { count: row.validationCount },
      test: { count: row.testCount },
    },
    mean: row.statistics?.mean ?? null,
    standard_deviation: row.statistics?.standard_deviation ?? null,
    augmentation: row.augmentation,
    metadata: row.metadata,
    sha256: row.sha256,
    problems: row.problems,
    problem_count: row.problemCount,
    created_at: row.createdAt.toISOString(),
  };
}
