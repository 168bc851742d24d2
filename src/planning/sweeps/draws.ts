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
  if (search.type === 'grid') {
    const size = gridSize(space);
    return index < size ? gridPoint(space, placeInGrid(search.seed, index, size)) : null;
  }
  const entries = Object.entries(space).map(([name, dimension], axis): [string, ParameterValue] => [
    name,
    valueAt(dimension, shareOf(search, axis, index)),
  ]);
  return Object.fromEntries(entries);
}

/** Bits of the largest grid whose order is drawn. */
const MAX_ORDERED_BITS = 30;
const FEISTEL_ROUNDS = 4;

/**
 * The place in the grid of the point that comes as number `index`: a permutation that the seed draws, by a Feistel network
 * that walks on until it meets a place within the grid. In the order of the values, each trial would often be better than
 * those before it, and early stopping would promote them all: its proofs take a random order for granted.
 */
export function placeInGrid(seed: number, index: number, size: number): number {
  const half = Math.max(1, Math.ceil(Math.log2(size) / 2));
  if (2 * half > MAX_ORDERED_BITS) return index;
  const mask = 2 ** half - 1;
  let place = index;
  do {
    let [left, right] = [place >>> half, place & mask];
    for (let round = 0; round < FEISTEL_ROUNDS; round++) {
      const mixedIn = Math.floor(uniform(seed, round, right) * (mask + 1));
      [left, right] = [right, left ^ mixedIn];
    }
    place = left * (mask + 1) + right;
  } while (place >= size);
  return place;
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
