import { type Run, scoreOf } from './summary.js';
import type { SweepSpec } from './types.js';

/** A run that is compared with others after some of its rounds. */
export interface Climber extends Run {
  /** Rounds after which it is compared, in order. */
  readonly rungs: readonly number[];
  /** Number of rungs that it may pass. */
  readonly rung: number;
  /** Its value at each rung that it has reached, in order. */
  readonly reached: readonly Reached[];
}

export interface Reached {
  readonly value: number | null;
  /** Values that are known earlier have smaller numbers. */
  readonly order: number;
}

export type Rules = Pick<SweepSpec, 'objective' | 'stopping'>;

/** Whether it has reached a rung that it may not pass yet. */
export const isAtRung = ({ rung, rungs, reached }: Climber): boolean =>
  rung < rungs.length && reached.length > rung;

/** A run at a rung of its own. */
type Placed<C> = readonly [run: C, at: Reached];

function arrivals<C extends Climber>(runs: readonly C[], rung: number): Placed<C>[] {
  return runs.flatMap((run): Placed<C>[] => {
    const at = run.rung >= rung ? run.reached[rung] : undefined;
    return at === undefined ? [] : [[run, at]];
  });
}

/**
 * The next run to promote by ASHA (Li et al. 2020, algorithm 2): from the highest rung down, the best of those that
 * belong to the top 1/divisor of their rung and wait there. Null if there is none, and a new run is to start.
 */
function nextPromotion<C extends Climber>(runs: readonly C[], { objective, stopping }: Rules): C | null {
  const highest = Math.max(0, ...runs.map(({ rungs }) => rungs.length)) - 1;
  for (let rung = highest; rung >= 0; rung--) {
    const all = arrivals(runs, rung).map(([run, at]) => ({ run, score: scoreOf(objective, at.value) }));
    const best = bestOf(all.filter(({ run }) => run.rung === rung && WAITING.includes(run.state)));
    if (best === null) continue;
    const rank = all.filter((other) => precedes(other, best)).length;
    if (rank < Math.floor(all.length / stopping.divisor)) return best.run;
  }
  return null;
}

/** The run that goes on next; null where none may. */
export function nextClimber<C extends Climber>(runs: readonly C[], rules: Rules): C | null {
  return nextPromotion(runs, rules) ?? lastClimber(runs, rules);
}

/**
 * The run that goes on although it is not in the top 1/divisor: the best at the highest rung, once nothing else is left and
 * no run has been trained to its end. Without it, a search of few trials over many rungs would end without a winner.
 */
function lastClimber<C extends Climber>(runs: readonly C[], { objective }: Rules): C | null {
  const isOpen = (run: C) => run.state === 'waiting' || (WAITING.includes(run.state) && !isAtRung(run));
  if (runs.some((run) => run.state === 'succeeded' || isOpen(run))) return null;
  const waiting = runs.filter((run) => WAITING.includes(run.state));
  const highest = Math.max(0, ...waiting.map(({ rung }) => rung));
  const ranked = waiting
    .filter(({ rung }) => rung === highest)
    .map((run) => ({ run, score: scoreOf(objective, run.reached[run.rung]?.value ?? null) }));
  return bestOf(ranked)?.run ?? null;
}

function bestOf<C extends Climber>(ranked: readonly Ranked<C>[]): Ranked<C> | null {
  return ranked.reduce<Ranked<C> | null>(
    (first, other) => (first && precedes(first, other) ? first : other),
    null,
  );
}

interface Ranked<C> {
  readonly run: C;
  readonly score: number;
}

/** The better one first; of equals that with the smaller number. */
const precedes = (a: Ranked<Climber>, b: Ranked<Climber>): boolean =>
  a.score > b.score || (a.score === b.score && a.run.number < b.run.number);

const WAITING: readonly Run['state'][] = ['running', 'paused'];

/**
 * Whether a run that has reached a rung goes on, by the values that were known when its own came. Later values change
 * nothing, so the answer is always the same.
 */
export function goesOn<C extends Climber>(
  run: C,
  runs: readonly C[],
  { objective, stopping }: Rules,
): boolean {
  const own = run.reached[run.rung];
  if (own === undefined) return true;
  const score = scoreOf(objective, own.value);
  const earlier = arrivals(runs, run.rung)
    .filter(([other, at]) => other !== run && isEarlier(at, other, own, run))
    .map(([, at]) => scoreOf(objective, at.value));
  if (stopping.type === 'median') return earlier.length < MIN_COMPARED || score >= median(earlier);
  const better = earlier.filter((other) => other > score).length;
  return better < Math.ceil((earlier.length + 1) / stopping.divisor);
}

/** Fewer values than this have no useful median. */
const MIN_COMPARED = 3;

const isEarlier = (a: Reached, runA: Run, b: Reached, runB: Run): boolean =>
  a.order < b.order || (a.order === b.order && runA.number < runB.number);

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
