import type { ManifestFacts } from '../../contract/dataset-manifest.js';
import type { Preparation } from '../../images/preparation.js';
import type { Layer } from '../../network/index.js';
import type { NamedValues } from '../optimizer/index.js';
import type { Statistics } from '../passes/index.js';

/** Facts about the dataset that a model needs. */
export interface ModelFacts extends Pick<ManifestFacts, 'image' | 'classes' | 'mean' | 'standard_deviation'> {
  /** Null for a dataset whose images are stored in the input's size. */
  readonly preparation: Preparation | null;
}

/** Inputs of an exported model. */
export interface ModelSource {
  readonly layers: readonly Layer[];
  readonly values: NamedValues;
  readonly statistics: Statistics;
  readonly manifest: Omit<ModelFacts, 'preparation'> & Pick<ManifestFacts, 'storage'>;
}
