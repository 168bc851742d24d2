import { type Climber, goesOn, isAtRung, nextClimber } from './rungs.js';
import { bestOf, type Run, scoreOf, summarize } from './summary.js';
import type { SweepEnd, SweepSpec } from './types.js';

/** A sweep as its rows tell it. */
export interface SweepFacts {
  readonly spec: Pick<SweepSpec, 'objective' | 'limits' | 'search' | 'refit' | 'stopping'>;
  readonly ended: SweepEnd | null;
  readonly isPaused: boolean;
  /** Null before the job that trains the best point once more exists. */
  readonly refit: 'running' | 'ended' | null;
  readonly runs: readonly RunFacts[];
}

export interface RunFacts extends Climber {
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
  /** Ended early, because others are better. */
  readonly prune: readonly RunFacts[];
  /** The number of rungs that a run may pass from now on. */
  readonly pass: readonly { readonly run: RunFacts; readonly rung: number }[];
  /** The number of the point to be trained once more. */
  readonly refit: number | null;
  /** Whether nothing of it is unfinished any more. */
  readonly isOver: boolean;
}

const UNFINISHED: readonly Run['state'][] = ['waiting', 'running', 'paused'];
const isUnfinished = ({ state }: Run): boolean => UNFINISHED.includes(state);

const NOTHING = {
  start: [],
  hold: [],
  release: [],
  cancel: [],
  prune: [],
  pass: [],
  refit: null,
  isOver: false,
} as const;

/** Decides what a sweep does next. Pure: clocks, jobs and rows are the caller's. */
export function decide(facts: SweepFacts): Decision {
  const ended = facts.ended ?? endOf(facts);
  if (ended !== null) return windUp(facts, ended);
  const { spec, runs } = facts;
  const running = runs.filter(({ state }) => state === 'running');
  if (facts.isPaused) return { ...NOTHING, ended, hold: running };
  const { type, mode } = spec.stopping;
  const judged = type !== 'none' && (type === 'median' || mode === 'stop') ? judge(facts) : NOTHING;
  const climbs = type === 'asha' && mode === 'promote';
  const hold = climbs ? running.filter(isAtRung) : [];
  const busy = running.filter((run) => !hold.includes(run) && !judged.prune.includes(run));
  const free = Math.max(0, spec.limits.parallel_trials - busy.length);
  const next = climbs ? climb(facts, free) : { ...NOTHING, left: free };
  const paused = runs.filter((run) => run.state === 'paused' && run.held && !(climbs && isAtRung(run)));
  const back = paused.slice(0, next.left);
  const waiting = runs.filter(({ state }) => state === 'waiting').sort(inOrder);
  const promoted = next.pass.map(({ run }) => run);
  return {
    ...NOTHING,
    ended,
    ...judged,
    pass: [...judged.pass, ...next.pass],
    hold: hold.filter((run) => !promoted.includes(run)),
    release: [...next.release, ...back],
    start: waiting.slice(0, Math.max(0, next.left - back.length)),
  };
}

/** Ends the runs whose last value is not good enough, in the order in which the values came. */
function judge({ spec, runs }: SweepFacts): Pick<Decision, 'prune' | 'pass'> {
  let known = [...runs];
  const prune: RunFacts[] = [];
  const pass: { run: RunFacts; rung: number }[] = [];
  for (const run of runs.filter(({ state }) => state === 'running')) {
    let now = run;
    while (isAtRung(now) && goesOn(now, known, spec)) {
      const passed = { ...now, rung: now.rung + 1 };
      known = known.map((other) => (other === now ? passed : other));
      now = passed;
    }
    if (isAtRung(now)) prune.push(run);
    if (now.rung > run.rung) pass.push({ run, rung: now.rung });
  }
  return { prune, pass };
}

/** Promotes the best runs while places are free. One that is still running goes on without a pause. */
function climb(
  { spec, runs }: Pick<SweepFacts, 'spec' | 'runs'>,
  free: number,
): Pick<Decision, 'release' | 'pass'> & { readonly left: number } {
  let left = free;
  const own = new Map(runs.map((run) => [run, run]));
  const known = () => [...own.values()];
  const promoted = new Set<RunFacts>();
  while (left > 0) {
    const next = nextClimber(known(), spec);
    const run = runs.find((candidate) => own.get(candidate) === next);
    if (next === null || run === undefined) break;
    const passed = { ...next, rung: next.rung + 1 };
    own.set(run, passed);
    promoted.add(run);
    // A run that has reached the next rung already waits there.
    if (!isAtRung(passed)) left -= 1;
  }
  const pass = [...promoted].map((run) => ({ run, rung: own.get(run)?.rung ?? run.rung }));
  const release = [...promoted].filter((run) => run.state === 'paused' && !isAtRung(own.get(run) ?? run));
  return { left, pass, release };
}

const inOrder = (a: Run, b: Run): number => a.number - b.number || a.repeat - b.repeat;

/** Why the search ends now; null while it goes on. */
function endOf({ spec: { limits, objective, search, stopping }, runs }: SweepFacts): SweepEnd | null {
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
  if (mayGrow) return null;
  // Runs that wait at a rung go on only if another one is promoted.
  const { type, mode } = stopping;
  const climbs = type === 'asha' && mode === 'promote';
  const open = runs.filter((run) => isUnfinished(run) && !(climbs && isAtRung(run)));
  if (open.length > 0) return null;
  const rules = { objective, stopping };
  const next = climbs ? nextClimber(runs, rules) : null;
  return next === null ? 'completed' : null;
}

/** Ends what is unfinished, trains the best point once more where that is asked for, and waits for both. */
function windUp({ spec, refit, runs }: SweepFacts, ended: SweepEnd): Decision {
  const unfinished = runs.filter(isUnfinished);
  const prune = ended === 'completed' ? unfinished.filter(isAtRung) : [];
  const cancel = unfinished.filter((run) => !prune.includes(run));
  const isLost = ended === 'cancelled' || ended === 'failed_trials';
  const best = spec.refit === null || isLost ? null : bestOf(summarize(runs), spec.objective);
  const isRefitting = refit === 'running' || (best !== null && refit === null);
  return {
    ...NOTHING,
    ended,
    cancel,
    prune,
    refit: refit === null ? (best?.number ?? null) : null,
    isOver: cancel.length === 0 && !isRefitting,
  };
}
