import { activations, work } from '../../network/cost.js';
import { splitFrozen } from '../../network/frozen.js';
import type { Layer } from '../../network/layers.js';

/** A training step is a forward pass and a backward pass of twice its computation; frozen layers have the former alone. */
export const FORWARD_SHARE = 1 / 3;

/** Work of a training step, in multiply-adds of a convolution. */
export function trainingWork(layers: readonly Layer[]): number {
  const { frozen, trained } = splitFrozen(layers);
  return FORWARD_SHARE * work(frozen) + work(trained);
}

/** The same where the output of the frozen layers is stored, so that nothing computes it. */
export function trainedWork(layers: readonly Layer[]): number {
  return work(splitFrozen(layers).trained);
}

/** Values that a training pass keeps for its gradients. Frozen layers keep nothing. */
export function keptActivations(layers: readonly Layer[]): number {
  return activations(splitFrozen(layers).trained);
}
