import { Staging } from '../runtime/index.js';
import type { ReadableState } from './optimizer-state.js';
import { type NamedValues, readThrough, type Values } from './values.js';

/**
 * The mean of several states of one network, including optimizer state (local SGD: Stich, arXiv:1805.09767). An array of it
 * is made each time that it is read.
 * @throws RangeError for an empty list
 */
export function meanState(states: readonly ReadableState[]): ReadableState {
  const [first] = states;
  if (first === undefined) throw new RangeError('the list of states to average is empty');
  const slots = [...first.slots.keys()].map(
    (slot) => [slot, readableMeans(states.map((state) => state.slots.get(slot)!))] as const,
  );
  return { weights: readableMeans(states.map(({ weights }) => weights)), slots: new Map(slots) };
}

function readableMeans(all: readonly ReadonlyMap<string, Values>[]): ReadonlyMap<string, Values> {
  const [first] = all;
  const most = Math.max(0, ...[...first!.values()].map(({ length }) => length));
  const sources = all.map((named) => ({ named, staging: new Staging(most) }));
  return new Map(
    [...first!].map(([name, { length }]) => [
      name,
      {
        length,
        read: (into = new Float32Array(length)) =>
          meanOf(
            sources.map(({ named, staging }) => readThrough(named.get(name)!, staging)),
            into,
          ),
      },
    ]),
  );
}

/** The mean of the values of each parameter. @throws RangeError for an empty list */
export function meanValues(all: readonly NamedValues[]): NamedValues {
  return new Map([...all[0]!.keys()].map((name) => [name, meanOf(all.map((named) => named.get(name)!))]));
}

/**
 * Element-wise mean of vectors of the same length, summed in float64 in the given order, so that every caller gets
 * the same bits.
 * @param into where to write it. Absent: a new array, or the only vector itself
 */
export function meanOf(vectors: readonly Float32Array[], into?: Float32Array): Float32Array {
  const [first, ...others] = vectors;
  if (first === undefined) throw new RangeError('the list of vectors to average is empty');
  if (others.length === 0 && !into) return first;
  const mean = into ?? new Float32Array(first.length);
  for (let index = 0; index < mean.length; index++) {
    let sum = first[index]!;
    for (const other of others) sum += other[index]!;
    mean[index] = sum / vectors.length;
  }
  return mean;
}
