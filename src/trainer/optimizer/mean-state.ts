import type { OptimizerState } from './optimizer-state.js';
import type { NamedValues } from './parameter-values.js';

/**
 * The mean of states of one network, optimiser memory included (local SGD: Stich, arXiv:1805.09767).
 * @throws RangeError where there is none
 */
export function meanState(states: readonly OptimizerState[]): OptimizerState {
  const [first] = states;
  if (first === undefined) throw new RangeError('there is no state to take the mean of');
  const slots = [...first.slots.keys()].map(
    (slot) => [slot, meanValues(states.map((state) => state.slots.get(slot)!))] as const,
  );
  return { weights: meanValues(states.map(({ weights }) => weights)), slots: new Map(slots) };
}

function meanValues(all: readonly NamedValues[]): NamedValues {
  return new Map([...all[0]!.keys()].map((name) => [name, meanOf(all.map((named) => named.get(name)!))]));
}

/** Element by element, of vectors of one length; summed in float64 in the order given, so that everybody gets the same bits. */
export function meanOf(vectors: readonly Float32Array[]): Float32Array {
  const [first, ...others] = vectors;
  if (first === undefined) throw new RangeError('there is no vector to take the mean of');
  if (others.length === 0) return first;
  return first.map((value, index) => {
    let sum = value;
    for (const other of others) sum += other[index]!;
    return sum / vectors.length;
  });
}
