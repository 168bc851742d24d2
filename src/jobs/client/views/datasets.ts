import type { Dataset } from '../../../contract/client/datasets.js';
import { fromJson } from '../../store/connection/database.js';
import { progressOfImport } from '../../store/dataset-imports.js';
import type { DatasetWithImport } from '../../store/datasets.js';

interface Statistics {
  readonly mean: number[];
  readonly standard_deviation: number[];
}

export function toDataset(row: DatasetWithImport): Dataset {
  const statistics = fromJson<Statistics | null>(row.statistics);
  return {
    id: row.id,
    object: 'dataset',
    name: row.name,
    built_in: row.builtIn,
    state: row.state as Dataset['state'],
    progress: row.import && progressOfImport(row.import),
    format: row.format,
    source: fromJson<Dataset['source']>(row.source),
    classes: fromJson<string[]>(row.classes),
    image: fromJson<Dataset['image']>(row.image),
    storage: row.storage as Dataset['storage'],
    splits: {
      train: { count: row.trainCount },
      validation: { count: row.validationCount },
      test: { count: row.testCount },
    },
    mean: statistics?.mean ?? null,
    standard_deviation: statistics?.standard_deviation ?? null,
    augmentation: fromJson<Dataset['augmentation']>(row.augmentation),
    sha256: row.sha256,
    problems: fromJson<Dataset['problems']>(row.problems),
    problem_count: row.problemCount,
    created_at: row.createdAt.toISOString(),
  };
}
