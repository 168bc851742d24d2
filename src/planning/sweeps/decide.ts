import { bestOf, type Run, scoreOf, summarize } from './summary.js';
import type { SweepEnd, SweepSpec } from './types.js';

/** A sweep as its rows tell it. */
export interface SweepFacts {
  readonly spec: Pick<SweepSpec, 'objective' | 'limits' | 'search' | 'refit'>;
  readonly ended: SweepEnd | null;
  readonly isPaused: boolean;
  /** Null before the job that trains the best point once more exists. */
  readonly refit: 'running' | 'ended' | null;
  readonly runs: readonly RunFacts[];
}

export interface RunFacts extends Run {
  /** Whether the sweep has paused its job. */
  readonly held: boolean;
  /** Null before it starts. */
  readonly jobId: string | null;
}

/** The next steps. The same facts give the same decision, so that one which was cut short is made again. */
export interface Decision {
  /** Why the search has ended, now or before. */
  readonly ended: SweepEnd | null;
  readonly start: readonly RunFacts[];
  readonly hold: readonly RunFacts[];
  readonly release: readonly RunFacts[];
  readonly cancel: readonly RunFacts[];
  /** The number of the point to be trained once more. */
  readonly refit: number | null;
  /** Whether nothing of it is unfinished any more. */
  readonly isOver: boolean;
}

const UNFINISHED: readonly Run['state'][] = ['waiting', 'running', 'paused'];
const isUnfinished = ({ state }: Run): boolean => UNFINISHED.includes(state);

const NOTHING = { start: [], hold: [], release: [], cancel: [], refit: null, isOver: false } as const;

/** Decides what a sweep does next. Pure: clocks, jobs and rows are the caller's. */
export function decide(facts: SweepFacts): Decision {
  const ended = facts.ended ?? endOf(facts);
  if (ended !== null) return windUp(facts, ended);
  const running = facts.runs.filter(({ state }) => state === 'running');
  if (facts.isPaused) return { ...NOTHING, ended, hold: running };
  const free = Math.max(0, facts.spec.limits.parallel_trials - running.length);
  const paused = facts.runs.filter(({ state, held }) => state === 'paused' && held);
  const release = paused.slice(0, free);
  const waiting = facts.runs.filter(({ state }) => state === 'waiting').sort(inOrder);
  return { ...NOTHING, ended, release, start: waiting.slice(0, free - release.length) };
}

const inOrder = (a: Run, b: Run): number => a.number - b.number || a.repeat - b.repeat;

/** Why the search ends now; null while it goes on. */
function endOf({ spec: { limits, objective, search }, runs }: SweepFacts): SweepEnd | null {
  if (runs.filter(({ state }) => state === 'failed').length >= limits.failed_trials) return 'failed_trials';
  const trials = summarize(runs);
  const { target } = limits;
  if (target !== null) {
    const best = bestOf(trials, objective);
    if (best !== null && scoreOf(objective, best.value) >= scoreOf(objective, target)) return 'target';
  }
  const spent = runs.reduce((sum, { seconds }) => sum + seconds, 0);
  if (limits.device_seconds !== null && spent >= limits.device_seconds) return 'budget';
  const mayGrow = search.type === 'none' && trials.length < (limits.trials ?? 0);
  return mayGrow || runs.some(isUnfinished) ? null : 'completed';
}

/** Ends what is unfinished, trains the best point once more where that is asked for, and waits for both. */
function windUp({ spec, refit, runs }: SweepFacts, ended: SweepEnd): Decision {
  const cancel = runs.filter(isUnfinished);
  const isLost = ended === 'cancelled' || ended === 'failed_trials';
  const best = spec.refit === null || isLost ? null : bestOf(summarize(runs), spec.objective);
  const isRefitting = refit === 'running' || (best !== null && refit === null);
  return {
    ...NOTHING,
    ended,
    cancel,
    refit: refit === null ? (best?.number ?? null) : null,
    isOver: cancel.length === 0 && !isRefitting,
  };
}
