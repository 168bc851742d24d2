import { isGain, isNumber } from '../validation-metric.js';
import type { SweepSpec, TrialState } from './types.js';

/** One job of a trial, as far as it is known. */
export interface Run {
  readonly number: number;
  readonly repeat: number;
  readonly state: TrialState;
  /** The objective, when its job has succeeded. */
  readonly value: number | null;
  /** Device time so far. */
  readonly seconds: number;
}

/** All runs of a point. */
export interface TrialSummary<R extends Run> {
  readonly number: number;
  readonly state: TrialState;
  /** Mean over the runs; null until all have succeeded. */
  readonly value: number | null;
  /** Standard deviation over the runs; null with fewer than two. */
  readonly spread: number | null;
  readonly runs: readonly R[];
}

type Objective = SweepSpec['objective'];

/** 1 where more is better, -1 where less is. */
export function signOf({ metric, goal }: Objective): 1 | -1 {
  return (goal ?? (isGain(metric) ? 'maximize' : 'minimize')) === 'maximize' ? 1 : -1;
}

/** To sort by, the best first. What is no number comes last. */
export function scoreOf(objective: Objective, value: number | null): number {
  return isNumber(value) ? signOf(objective) * value : Number.NEGATIVE_INFINITY;
}

/** The state of a trial is the first of these that one of its runs has. */
const BY_RANK: readonly TrialState[] = [
  'running',
  'paused',
  'waiting',
  'failed',
  'cancelled',
  'pruned',
  'succeeded',
];

/** Runs by their number, in order. */
export function summarize<R extends Run>(runs: readonly R[]): TrialSummary<R>[] {
  const numbers = new Map<number, R[]>();
  for (const run of runs) {
    const same = numbers.get(run.number);
    if (same) same.push(run);
    else numbers.set(run.number, [run]);
  }
  return [...numbers].sort(([a], [b]) => a - b).map(([number, same]) => summaryOf(number, same));
}

function summaryOf<R extends Run>(number: number, runs: readonly R[]): TrialSummary<R> {
  const state = BY_RANK.find((rank) => runs.some((run) => run.state === rank)) ?? 'waiting';
  const values = runs.flatMap((run) => (run.state === 'succeeded' && run.value !== null ? [run.value] : []));
  const value = values.length < runs.length ? null : mean(values);
  const spread = value === null || values.length < 2 ? null : deviation(values, value);
  return { number, state, value, spread, runs };
}

/** The trial that wins; of equals the first. Null while none has succeeded. */
export function bestOf<R extends Run>(
  trials: readonly TrialSummary<R>[],
  objective: Objective,
): TrialSummary<R> | null {
  return trials.reduce<TrialSummary<R> | null>((best, trial) => {
    if (trial.value === null) return best;
    const isBetter = best === null || scoreOf(objective, trial.value) > scoreOf(objective, best.value);
    return isBetter ? trial : best;
  }, null);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The standard deviation of a sample. */
function deviation(values: readonly number[], center: number): number {
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
