import { type ModelInput, modelInputOf } from '../../images/preparation.js';
import type { FurtherOutput } from './exported.js';
import type { ModelFacts } from './model-source.js';

/**
 * Facts that a model file carries beside its network: class names in the order of the outputs, how a picture becomes its input,
 * and the sizes by which photographs are prepared if there are any.
 */
export function metadataOf(
  { image, classes, preparation }: ModelFacts,
  normalization: ModelInput['normalization'] = 'inside',
): Record<string, object> {
  return {
    classes,
    input: modelInputOf(image, preparation, normalization),
    ...(preparation && { preparation }),
  };
}

/** The names of all outputs. A file with the probabilities only does not say so. */
export function outputsOf(further: readonly FurtherOutput[]): Record<string, object> {
  return further.length === 0 ? {} : { outputs: ['probabilities', ...further] };
}
