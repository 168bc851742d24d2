import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decide, type RunFacts, type SweepFacts } from '../../../src/planning/sweeps/decide.js';
import { arriving, reference, type Step, valueAt } from './reference.js';

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

const newRun = (number: number): RunFacts => ({
  ...{ number, repeat: 0, state: 'waiting', held: false, jobId: null, value: null, seconds: 0 },
  ...{ rungs: RUNGS, rung: 0, reached: [] },
});

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
    const next = arriving(busy, seed, time);
    assert.ok(next, 'a search that goes on has a job at work');
    const rung = next.reached.length;
    if (rung === RUNGS.length) change(next, { state: 'succeeded', value: valueAt(next.number, rung) });
    else change(next, { reached: [...next.reached, { value: valueAt(next.number, rung), order: time }] });
  }
}

describe('ASHA', () => {
  for (const [trials, seed] of [
    [1000, 1],
    [100, 2],
    [100, 3],
    [9, 4],
    [1000, 5],
    [1000, 6],
    [1000, Date.now() % 1_000_000],
  ] as const) {
    test(`starts and promotes ${trials} trials as the published algorithm does, in the order of arrival ${seed}`, () => {
      const { steps, runs } = simulate(trials, seed);
      const search = { trials, seed, divisor: DIVISOR, rungs: RUNGS.length, parallel: PARALLEL };
      const published = reference(search);
      assert.deepEqual(steps.slice(0, published.length), published);
      const atTop = runs.filter(({ state }) => state === 'succeeded').length;
      assert.ok(
        atTop >= Math.max(1, Math.floor(trials / DIVISOR ** RUNGS.length)),
        `${atTop} trials were trained to the end`,
      );
      // With too few trials for the rungs, the best of the highest rung goes on alone.
      const alone = new Set(steps.slice(published.length).map(([what, number]) => `${what} ${number}`));
      assert.equal(alone.size, trials < DIVISOR ** RUNGS.length ? 1 : 0, [...alone].join());
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
