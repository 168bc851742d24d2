import type { ModelFacts } from './model-source.js';

/** Facts that a model file carries beside its network: class names, and the preparation of photographs if any. */
export function metadataOf({ classes, preparation }: ModelFacts): Record<string, object> {
  return { classes, ...(preparation && { preparation }) };
}
