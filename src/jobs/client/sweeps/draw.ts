import { setImmediate } from 'node:timers/promises';
import { StrataError } from '../../../contract/errors.js';
import { pointAt, type SeededSearch } from '../../../planning/sweeps/draws.js';
import { gridSize } from '../../../planning/sweeps/space.js';
import type { Parameters, SweepSpec } from '../../../planning/sweeps/types.js';
import { type Preparation, type PreparedPoint, preparePoint } from './prepare.js';

/** The points that a search has drawn so far. */
export interface Drawn {
  readonly points: readonly PreparedPoint[];
  /** Number of the next draw. */
  readonly next: number;
  readonly refused: number;
  /** Why the first refused point was refused. */
  readonly refusal: StrataError | null;
}

export interface DrawRequest {
  readonly wanted: number;
  /** Number of the first draw. */
  readonly from: number;
  /** Points that there are already. */
  readonly known: readonly Parameters[];
}

/** Draws for one point: a space whose points are mostly refused or known is given up. */
const DRAWS_PER_POINT = 20;
/** Points that are checked without a pause for other requests. */
const POINTS_AT_ONCE = 10;

/**
 * Draws new points, checks the job of each, and draws again for those that the rules refuse, a bounded number of times.
 * @throws StrataError other than a refusal, as preparePoint does
 */
export async function drawPoints(
  preparation: Preparation,
  { wanted, from, known }: DrawRequest,
): Promise<Drawn> {
  const search = seededSearch(preparation.spec);
  const seen = new Set(known.map(keyOf));
  const points: PreparedPoint[] = [];
  let [next, refused] = [from, 0];
  let refusal: StrataError | null = null;
  for (const last = from + wanted * DRAWS_PER_POINT; points.length < wanted && next < last; next++) {
    const parameters = pointAt(search, preparation.spec.space, next);
    if (parameters === null) break;
    if (seen.has(keyOf(parameters))) continue;
    seen.add(keyOf(parameters));
    if (seen.size % POINTS_AT_ONCE === 0) await setImmediate();
    try {
      points.push(await preparePoint(preparation, parameters));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused += 1;
      refusal ??= error;
    }
  }
  return { points, next, refused, refusal };
}

const keyOf = (parameters: Parameters): string => JSON.stringify(Object.entries(parameters).sort());

/** Whether the rules refuse this point, and may take another one. */
function isRefusal(error: unknown): error is StrataError {
  return error instanceof StrataError && (error.code === 'invalid_spec' || error.code === 'invalid_request');
}

/** The seed is chosen when the sweep is created. */
function seededSearch({ search: { type, seed } }: SweepSpec): SeededSearch {
  return { type, seed: seed ?? 0 };
}

const DEFAULT_TRIALS = 16;

/** The number of trials of a sweep that may leave the choice to us. */
export function wantedTrials({ limits, search, space }: SweepSpec): number {
  if (search.type === 'grid') return Math.min(limits.trials ?? gridSize(space), gridSize(space));
  return limits.trials ?? DEFAULT_TRIALS;
}
