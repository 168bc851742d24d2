import type { ManifestFacts } from '../../contract/dataset-manifest.js';
import type { Layer } from '../../network/index.js';
import type { NamedValues } from '../optimizer/index.js';
import type { Statistics } from '../passes/index.js';

/** Facts about the dataset that a model needs. */
export type ModelFacts = Pick<ManifestFacts, 'image' | 'classes' | 'mean' | 'standard_deviation'>;

/** Inputs of an exported model. */
export interface ModelSource {
  readonly layers: readonly Layer[];
  readonly values: NamedValues;
  readonly statistics: Statistics;
  readonly manifest: ModelFacts;
}
