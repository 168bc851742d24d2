import { gridSize, sizeOf, valueAt, valueNumber } from './space.js';
import type { Parameters, ParameterValue, Space } from './types.js';

/** A search with its seed. */
export interface SeededSearch {
  readonly type: 'halton' | 'random' | 'grid' | 'none';
  readonly seed: number;
}

/**
 * Point number `index` of a search. The same arguments always give the same point, so a search can go on after any
 * interruption.
 * @returns null after the last point of a grid, and for a search without points
 */
export function pointAt(search: SeededSearch, space: Space, index: number): Parameters | null {
  if (search.type === 'none') return null;
  if (search.type === 'grid') return index < gridSize(space) ? gridPoint(space, index) : null;
  const entries = Object.entries(space).map(([name, dimension], axis): [string, ParameterValue] => [
    name,
    valueAt(dimension, shareOf(search, axis, index)),
  ]);
  return Object.fromEntries(entries);
}

/** The last dimension changes fastest. */
function gridPoint(space: Space, index: number): Parameters {
  let rest = index;
  const entries = Object.entries(space)
    .reverse()
    .map(([name, dimension]): [string, ParameterValue] => {
      const size = sizeOf(dimension) ?? 1;
      const value = valueNumber(dimension, rest % size);
      rest = Math.floor(rest / size);
      return [name, value];
    });
  return Object.fromEntries(entries.reverse());
}

/** The first 16 primes: as many as a space has dimensions. */
const BASES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53];

/**
 * Halton (1960): digits of the index in a prime base, mirrored at the point. All points are moved by the same random
 * distance in each dimension (Cranley and Patterson 1976), so that another seed gives other points.
 */
function shareOf({ type, seed }: SeededSearch, axis: number, index: number): number {
  if (type === 'random') return uniform(seed, axis, index + 1);
  const share = mirrored(index, BASES[axis] ?? 2) + uniform(seed, axis, 0);
  return share % 1;
}

function mirrored(index: number, base: number): number {
  let [share, digit, rest] = [0, 1 / base, index];
  while (rest > 0) {
    share += (rest % base) * digit;
    rest = Math.floor(rest / base);
    digit /= base;
  }
  return share;
}

/** A number in [0, 1) from its place alone. */
export function uniform(seed: number, axis: number, index: number): number {
  return mixed(mixed(mixed(seed ^ 0x9e3779b9) ^ (axis + 1)) ^ index) / 2 ** 32;
}

/** The finalizer of MurmurHash3: every bit of the result depends on every bit of the argument. */
function mixed(value: number): number {
  let bits = value >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
