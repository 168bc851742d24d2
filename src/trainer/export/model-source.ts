import type { ManifestFacts } from '../../contract/dataset-manifest.js';
import type { Layer } from '../../network/index.js';
import type { NamedValues } from '../optimizer/index.js';
import type { Statistics } from '../passes/index.js';

/** What a model must know of its dataset. */
export type ModelFacts = Pick<ManifestFacts, 'image' | 'classes' | 'mean' | 'standard_deviation'>;

/** What an exported model is made of. */
export interface ModelSource {
  readonly layers: readonly Layer[];
  readonly values: NamedValues;
  readonly statistics: Statistics;
  readonly manifest: ModelFacts;
}
