import type { OptimizerState } from './optimizer-state.js';
import type { NamedValues } from './parameter-values.js';

/**
 * The mean of several states of one network, including optimizer state (local SGD: Stich, arXiv:1805.09767).
 * @throws RangeError for an empty list
 */
export function meanState(states: readonly OptimizerState[]): OptimizerState {
  const [first] = states;
  if (first === undefined) throw new RangeError('the list of states to average is empty');
  const slots = [...first.slots.keys()].map(
    (slot) => [slot, meanValues(states.map((state) => state.slots.get(slot)!))] as const,
  );
  return { weights: meanValues(states.map(({ weights }) => weights)), slots: new Map(slots) };
}

/** The mean of the values of each parameter. @throws RangeError for an empty list */
export function meanValues(all: readonly NamedValues[]): NamedValues {
  return new Map([...all[0]!.keys()].map((name) => [name, meanOf(all.map((named) => named.get(name)!))]));
}

/**
 * Element-wise mean of vectors of the same length, summed in float64 in the given order, so that every caller gets
 * the same bits.
 */
export function meanOf(vectors: readonly Float32Array[]): Float32Array {
  const [first, ...others] = vectors;
  if (first === undefined) throw new RangeError('the list of vectors to average is empty');
  if (others.length === 0) return first;
  return first.map((value, index) => {
    let sum = value;
    for (const other of others) sum += other[index]!;
    return sum / vectors.length;
  });
}
