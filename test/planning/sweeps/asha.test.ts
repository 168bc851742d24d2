import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decide, type RunFacts, type SweepFacts } from '../../../src/planning/sweeps/decide.js';
import { uniform } from '../../../src/planning/sweeps/draws.js';

const DIVISOR = 3;
const RUNGS = [0, 2, 8, 26];
const PARALLEL = 8;

const specOf = (changes: Partial<SweepFacts['spec']['stopping']>): SweepFacts['spec'] => ({
  objective: { metric: 'validation_accuracy', goal: null },
  search: { type: 'random', seed: 1 },
  refit: null,
  stopping: { type: 'asha', divisor: DIVISOR, min_epochs: 1, max_rungs: 5, mode: 'promote', ...changes },
  limits: { trials: 1000, parallel_trials: PARALLEL, device_seconds: null, failed_trials: 3, target: null },
});

/** An analytic learning curve: a trial has a limit, and comes near it at a speed of its own. */
const valueAt = (number: number, rung: number): number =>
  uniform(5, 0, number) * (1 - Math.exp(-(rung + 1) * (0.3 + uniform(5, 1, number))));

const newRun = (number: number): RunFacts => ({
  ...{ number, repeat: 0, state: 'waiting', held: false, jobId: null, value: null, seconds: 0 },
  ...{ rungs: RUNGS, rung: 0, reached: [] },
});

/** The steps that a search made: which trial started, and which was promoted to which rung. */
type Step = readonly [what: 'start' | 'promote', number: number, rung: number];

/** Lets jobs work in the order that `seed` gives, and does what is decided. Some decisions are made twice. */
function simulate(trials: number, seed: number, spec = specOf({})): { steps: Step[]; runs: RunFacts[] } {
  const runs = Array.from({ length: trials }, (_, number) => newRun(number));
  const steps: Step[] = [];
  const change = (run: RunFacts, changes: Partial<RunFacts>) => {
    runs[run.number] = { ...run, ...runs[run.number], ...changes };
  };
  const working = (run: RunFacts) => run.state === 'running';
  for (let time = 0; ; time++) {
    const facts = { spec, ended: null, isPaused: false, refit: null, runs };
    const decision = decide(facts);
    if (time % 100 === 0) assert.deepEqual(decide(structuredClone(facts)), decision, 'the same facts decide');
    for (const { run, rung } of decision.pass) {
      steps.push(['promote', run.number, rung]);
      change(run, { rung });
    }
    for (const run of decision.hold) change(run, { state: 'paused', held: true });
    for (const run of decision.release) change(run, { state: 'running', held: false });
    for (const run of decision.prune) change(run, { state: 'pruned' });
    for (const run of decision.start) {
      steps.push(['start', run.number, 0]);
      change(run, { state: 'running' });
    }
    assert.ok(runs.filter(working).length <= PARALLEL, 'no more jobs than may be unfinished');
    if (decision.ended !== null) return { steps, runs };
    const busy = runs.filter(working);
    const next = busy[Math.floor(uniform(seed, 2, time) * busy.length)];
    assert.ok(next, 'a search that goes on has a job at work');
    const rung = next.reached.length;
    if (rung === RUNGS.length) change(next, { state: 'succeeded', value: valueAt(next.number, rung) });
    else change(next, { reached: [...next.reached, { value: valueAt(next.number, rung), order: time }] });
  }
}

/** Algorithm 2 of Li et al. 2020, as it stands there: whoever is free asks for a job. */
function reference(trials: number, seed: number): Step[] {
  const steps: Step[] = [];
  const rungs = RUNGS.map(() => new Map<number, number>());
  const promoted = RUNGS.map(() => new Set<number>());
  let started = 0;
  const getJob = (): { number: number; to: number } | null => {
    for (let rung = RUNGS.length - 1; rung >= 0; rung--) {
      const ranked = [...(rungs[rung] ?? [])].sort(([a, valueA], [b, valueB]) => valueB - valueA || a - b);
      const top = ranked.slice(0, Math.floor(ranked.length / DIVISOR)).map(([number]) => number);
      const candidate = top.find((number) => !promoted[rung]?.has(number));
      if (candidate === undefined) continue;
      promoted[rung]?.add(candidate);
      steps.push(['promote', candidate, rung + 1]);
      return { number: candidate, to: rung + 1 };
    }
    if (started === trials) return null;
    steps.push(['start', started, 0]);
    return { number: started++, to: 0 };
  };
  let busy: { number: number; to: number }[] = [];
  for (let time = 0; ; time++) {
    while (busy.length < PARALLEL) {
      const job = getJob();
      if (job === null) break;
      busy = [...busy, job];
    }
    busy.sort((a, b) => a.number - b.number);
    const next = busy[Math.floor(uniform(seed, 2, time) * busy.length)];
    if (next === undefined) return steps;
    busy = busy.filter((job) => job !== next);
    rungs[next.to]?.set(next.number, valueAt(next.number, next.to));
  }
}

describe('ASHA', () => {
  for (const [trials, seed] of [
    [1000, 1],
    [100, 2],
    [100, 3],
    [9, 4],
  ] as const) {
    test(`starts and promotes ${trials} trials as the published algorithm does, in the order of arrival ${seed}`, () => {
      const { steps, runs } = simulate(trials, seed);
      assert.deepEqual(steps, reference(trials, seed));
      const atTop = runs.filter(({ state }) => state === 'succeeded').length;
      assert.ok(
        atTop >= Math.floor(trials / DIVISOR ** RUNGS.length),
        `${atTop} trials were trained to the end`,
      );
      // The others waited at a rung until nothing was left.
      assert.equal(runs.filter(({ state }) => state === 'pruned').length, trials - atTop);
    });
  }

  test('judging at arrival ends trials at once, and the best limit is among those that are left', () => {
    const { runs } = simulate(200, 1, specOf({ mode: 'stop' }));
    const succeeded = runs.filter(({ state }) => state === 'succeeded');
    assert.equal(runs.filter(({ state }) => state === 'pruned').length + succeeded.length, 200);
    assert.ok(succeeded.length < 40, `${succeeded.length} trials were trained to the end`);
    const best = runs.toSorted((a, b) => valueAt(b.number, 4) - valueAt(a.number, 4)).slice(0, 5);
    assert.ok(best.some(({ state }) => state === 'succeeded'));
  });
});

test('the median ends the worse half of those that come when three have come, and never by later values', () => {
  const spec = specOf({ type: 'median' });
  const at = (number: number, value: number | null, order: number): RunFacts => ({
    ...newRun(number),
    ...{ state: 'running', reached: [{ value, order }] },
  });
  const judged = (runs: RunFacts[]) => {
    const { prune, pass } = decide({ spec, ended: null, isPaused: false, refit: null, runs });
    return { pruned: prune.map(({ number }) => number), passed: pass.map(({ run }) => run.number) };
  };
  const first = [at(0, 0.1, 1), at(1, 0.9, 2), at(2, 0.5, 3)];
  assert.deepEqual(judged(first), { pruned: [], passed: [0, 1, 2] });
  assert.deepEqual(judged([...first, at(3, 0.4, 4), at(4, 0.5, 5)]), { pruned: [3], passed: [0, 1, 2, 4] });
  // Another order of the rows is the same order of arrival. A value that is no number is the worst.
  assert.deepEqual(judged([at(3, null, 4), ...first]), { pruned: [3], passed: [0, 1, 2] });
  assert.deepEqual(judged([at(0, 0.4, 9), at(1, 0.9, 1), at(2, 0.5, 2), at(3, 0.3, 3)]).pruned, [0]);
});
