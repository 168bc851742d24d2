import type { InferenceDense, InferenceLayer } from './inference-layers.js';

/** The dense layer that makes the logits, and the layers before it, which make the features. */
export function headOf(layers: readonly InferenceLayer[]): {
  readonly before: readonly InferenceLayer[];
  readonly dense: InferenceDense;
} {
  const dense = layers.at(-1);
  if (dense?.op !== 'dense') throw new Error('a network ends in a dense layer');
  return { before: layers.slice(0, -1), dense };
}
