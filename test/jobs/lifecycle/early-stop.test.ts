import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endSpentBudgets } from '../../../src/jobs/dispatcher/budgets.js';
import type { Claim } from '../../../src/jobs/lifecycle/claim.js';
import { recordSuccess } from '../../../src/jobs/lifecycle/succeed.js';
import type { Database } from '../../../src/jobs/store/connection/database.js';
import { renewLeases } from '../../../src/jobs/store/leases.js';
import type { Strata } from '../../support/strata.js';
import { ByHand, SUCCESS } from '../support/by-hand.js';
import { type SpecChanges, smallJob } from '../support/specs.js';
import { log, useStore } from '../support/store.js';

let strata: Strata;
let db: Database;
useStore((store) => ({ strata, db } = store));

const RULE = {
  metric: 'validation_accuracy',
  patience: 1,
  min_delta: 0,
  min_epochs: 0,
  target: null,
  then: 'finish',
} as const;
/** Six rounds of two stages, each evaluated, and two rounds of the joined network. */
const JOB: SpecChanges = {
  epochs: 4,
  evaluate_every: 1,
  validation_share: 0.1,
  early_stopping: RULE,
  method: { type: 'augmented-lagrangian', stages: 2, round_steps: 4, end_to_end_share: 0.25 },
};
const start = (changes: SpecChanges = {}) => ByHand.start({ strata, db }, { ...JOB, ...changes });

const evaluated = (accuracy: number) => ({
  ...SUCCESS,
  outputs: {},
  result: { validation_accuracy: accuracy, validation_loss: 1 },
});
const evaluate = async (job: ByHand, round: number, accuracy: number): Promise<number | null> =>
  recordSuccess(db, await job.claim(`evaluate-${round}`), evaluated(accuracy), []);
const round = (number: number): string[] => [`stage-1-${number}`, `stage-0-${number}`];
const phaseEnds = async (job: ByHand) =>
  (await strata.client.jobs.listJobEvents(job.id, { after: 0, limit: 1000 })).data.filter(
    ({ type }) => type === 'job.phase_ended',
  );
const holds = async (task: Claim['task']) =>
  (await renewLeases(db, [{ table: 'task', id: task.id, attempt: task.attempt }], 6000)).length === 1;

test('early stopping drops the lead of the stages and goes on to the joined network', async () => {
  const job = await start();
  await job.run('prepare', ...round(0), ...round(1), 'stage-1-2');
  const running = await job.claim('stage-0-2');
  assert.equal(await evaluate(job, 0, 0.5), 0);
  assert.deepEqual(await phaseEnds(job), []);
  const opened = await evaluate(job, 1, 0.4);
  assert.ok(opened !== null && opened > 0, `${opened} tasks became claimable`);
  assert.deepEqual(
    await job.states('stage-1-2', 'stage-0-2', 'stage-1-3', 'evaluate-2', 'end_to_end-0', 'finalize'),
    ['succeeded', 'cancelled', 'cancelled', 'cancelled', 'ready', 'waiting'],
  );
  assert.equal(await holds(running), false, 'its worker finds that it has lost the claim');
  assert.equal(await recordSuccess(db, running, SUCCESS, []), null, 'a late result changes nothing');
  const [event, ...others] = await phaseEnds(job);
  assert.deepEqual(others, []);
  assert.match(
    event?.message ?? '',
    /ends after round 1: 1 evaluations without progress of validation_accuracy/,
  );
  assert.deepEqual(event?.data, {
    reason: 'early',
    round: 1,
    metric: 'validation_accuracy',
    value: 0.4,
    best: { round: 0, value: 0.5 },
  });
  const attempts = (await strata.client.jobs.listJobAttempts(job.id)).data;
  const lead = attempts.filter((attempt) => attempt.round === 2);
  assert.deepEqual(lead.map(({ task, outcome }) => [task, outcome]).sort(), [
    ['stage-0-2', 'cancelled'],
    ['stage-1-2', 'succeeded'],
  ]);
  const usage = await strata.client.jobs.getJobUsage(job.id);
  const seconds = lead.reduce(
    (sum, { started_at, ended_at }) => sum + (Date.parse(ended_at ?? '') - Date.parse(started_at)) / 1000,
    0,
  );
  assert.equal(usage.lost_seconds.toFixed(6), seconds.toFixed(6));
});

test('a job that early stopping has ended reads the last round that is left, and its result says so', async () => {
  const job = await start({ early_stopping: { ...RULE, target: 0.9 } });
  await job.run('prepare', ...round(0), ...round(1));
  await evaluate(job, 0, 0.95);
  const joined = await job.claim('end_to_end-0');
  assert.deepEqual(joined.inputs['state-0'], { task: 'stage-0-0', output: 'state' });
  await recordSuccess(db, joined, SUCCESS, []);
  await job.run('end_to_end-1');
  const last = await job.claim('finalize');
  assert.deepEqual([last.round, last.inputs['auxiliary-1']], [0, { task: 'stage-1-0', output: 'auxiliary' }]);
  const figures = { test_accuracy: 0.9, test_loss: 1 };
  assert.notEqual(await recordSuccess(db, last, { ...SUCCESS, result: figures }, []), null);
  const ended = await strata.client.jobs.getJob(job.id);
  assert.deepEqual([ended?.state, ended?.result?.ended, ended?.progress], ['succeeded', 'target', 1]);
});

test('progress of a job leaves out the rounds that early stopping has dropped', async () => {
  const job = await start({ early_stopping: { ...RULE, target: 0.9 } });
  await job.run('prepare', ...round(0));
  const before = (await strata.client.jobs.getJob(job.id))?.progress ?? 1;
  await evaluate(job, 0, 0.95);
  const after = (await strata.client.jobs.getJob(job.id))?.progress ?? 0;
  // 4 of 24 steps of the stages are trained, 8 steps of the joined network and finalize are left.
  assert.ok(before < 0.2 && after > before + 0.05 && after < 0.5, `${before}, then ${after}`);
});

test('early stopping waits for evaluations of earlier rounds, in whatever order they end', async () => {
  const job = await start();
  await job.run('prepare', ...round(0), ...round(1), ...round(2));
  const [first, second, third] = [
    await job.claim('evaluate-0'),
    await job.claim('evaluate-1'),
    await job.claim('evaluate-2'),
  ];
  await recordSuccess(db, third, evaluated(0.1), []);
  await recordSuccess(db, second, evaluated(0.2), []);
  assert.deepEqual(await phaseEnds(job), []);
  await recordSuccess(db, first, evaluated(0.3), []);
  assert.deepEqual(
    (await phaseEnds(job)).map(({ data }) => data.round),
    [1],
    'as if they had ended in order',
  );
});

test('NaN is stored with an evaluation, and is no progress', async () => {
  const job = await start({ early_stopping: { ...RULE, patience: 2 } });
  await job.run('prepare', ...round(0), ...round(1));
  await evaluate(job, 0, Number.NaN);
  await evaluate(job, 1, Number.NaN);
  assert.deepEqual(
    (await phaseEnds(job)).map(({ data }) => [data.round, data.value, data.best]),
    [[1, null, null]],
  );
});

test('early stopping decides once, wherever the recording of an evaluation is cut short', async () => {
  const job = await start();
  await job.run('prepare', ...round(0), ...round(1));
  await evaluate(job, 0, 0.5);
  const task = await job.claim('evaluate-1');
  const before = await job.everything();
  let cuts = 0;
  for (let last = 1; (await phaseEnds(job)).length === 0; last++) {
    const cut = await recordSuccess(mortal(db, last), task, evaluated(0.4), []).then(
      () => false,
      () => true,
    );
    if (!cut) continue;
    cuts += 1;
    assert.deepEqual(await job.everything(), before, `nothing is stored by an attempt that died at ${last}`);
  }
  assert.ok(cuts > 8, `${cuts} cuts`);
  const after = await job.everything();
  assert.equal(await recordSuccess(db, task, evaluated(0.9), []), null);
  assert.deepEqual(await job.everything(), after);
});

test('a job without early stopping ends completed, whatever its evaluations say', async () => {
  const job = await start({ early_stopping: null });
  await job.run('prepare', ...round(0), ...round(1), ...round(2));
  for (const number of [0, 1, 2]) await evaluate(job, number, 0.5 - number / 10);
  assert.deepEqual(await phaseEnds(job), []);
  assert.deepEqual(await job.states('stage-1-3', 'end_to_end-0'), ['ready', 'waiting']);
});

const BUDGET = { early_stopping: null, evaluate_every: null } as const;
const withBudget = (then: 'finish' | 'pause' | 'fail') =>
  start({ ...BUDGET, max_device_seconds: { amount: 100, then } });
const look = () => endSpentBudgets(db, log);
/** Lets the first attempt of a job seem to have begun earlier. */
const spend = (job: ByHand, seconds: number) =>
  strata.sql.query(
    `UPDATE event SET at = at - $2 * interval '1 s' WHERE job_id = $1 AND type = 'task.started' AND task = 'prepare'`,
    [job.id, seconds],
  );

test('max_device_seconds with finish joins the stages as the last trained round has left them', async () => {
  const job = await withBudget('finish');
  await job.run('prepare', ...round(0), ...round(1), 'stage-1-2');
  await spend(job, 99);
  await look();
  assert.deepEqual(await phaseEnds(job), [], 'the budget is not spent yet');
  await spend(job, 1);
  await look();
  await look();
  assert.deepEqual(
    (await phaseEnds(job)).map(({ data, message }) => [data, message]),
    [
      [
        { reason: 'budget', round: 1 },
        'the job has used its max_device_seconds of 100: the layer-parallel phase ends after round 1',
      ],
    ],
  );
  const keys = ['stage-1-2', 'stage-0-2', 'stage-1-3', 'end_to_end-0', 'finalize'];
  assert.deepEqual(await job.states(...keys), ['succeeded', 'cancelled', 'cancelled', 'ready', 'waiting']);
  const { earlyEnd } = await db.job.findUniqueOrThrow({ where: { id: job.id } });
  assert.deepEqual(earlyEnd, { reason: 'budget', round: 1 });
});

test('max_device_seconds with finish trains the first round to its end', async () => {
  const job = await withBudget('finish');
  await job.run('prepare', 'stage-1-0');
  await spend(job, 200);
  await look();
  assert.deepEqual(await job.states('stage-0-0', 'end_to_end-0', 'stage-1-1'), [
    'ready',
    'waiting',
    'cancelled',
  ]);
  await job.run('stage-0-0');
  assert.deepEqual(await job.states('end_to_end-0'), ['ready']);
});

test('max_device_seconds with finish lets a job go on whose stages are joined', async () => {
  const job = await withBudget('finish');
  await job.run('prepare', ...[0, 1, 2, 3, 4, 5].flatMap(round));
  await spend(job, 200);
  const before = await job.states('end_to_end-0', 'evaluate-5', 'finalize');
  await look();
  await look();
  assert.deepEqual(await job.states('end_to_end-0', 'evaluate-5', 'finalize'), before);
  const { data } = await strata.client.jobs.listJobEvents(job.id, { after: 0, limit: 1000 });
  assert.equal(data.filter(({ type }) => type === 'job.budget_spent').length, 1);
});

test('max_device_seconds pauses a job once, and a resumed job goes on', async () => {
  const job = await withBudget('pause');
  await job.run('prepare');
  await spend(job, 200);
  await look();
  assert.equal(await strata.client.jobs.getJobState(job.id), 'paused');
  await strata.client.jobs.resumeJob(job.id);
  await job.run('stage-1-0');
  await look();
  assert.equal((await strata.client.jobs.getJob(job.id))?.pause_requested_at, null);
});

test('max_device_seconds fails a job with its own code', async () => {
  const job = await withBudget('fail');
  await job.run('prepare');
  await spend(job, 200);
  await look();
  const failed = await strata.client.jobs.getJob(job.id);
  assert.deepEqual([failed?.state, failed?.error?.code], ['failed', 'max_device_seconds_exceeded']);
});

const BEST = { keep: 'best', metric: 'validation_accuracy' } as const;
const endWell = async (job: ByHand) => {
  const last = await job.claim('finalize');
  const figures = { test_accuracy: 0.9, test_loss: 1 };
  await recordSuccess(db, last, { ...SUCCESS, result: figures }, []);
  return { last, ended: await strata.client.jobs.getJob(job.id) };
};

test('finalize exports the best network of the end-to-end phase, whatever was better before it', async () => {
  const job = await start({ early_stopping: null, evaluate_every: 1, selection: BEST });
  await job.run('prepare');
  for (const number of [0, 1, 2, 3, 4, 5]) {
    await job.run(...round(number));
    await evaluate(job, number, 0.99);
  }
  await job.run('end_to_end-0', 'end_to_end-1');
  const [first, second] = [await job.claim('evaluate_joined-0'), await job.claim('evaluate_joined-1')];
  await recordSuccess(db, second, evaluated(0.7), []);
  assert.deepEqual(await job.states('finalize'), ['waiting']);
  await recordSuccess(db, first, evaluated(0.8), []);
  const { last, ended } = await endWell(job);
  assert.deepEqual(last.inputs.state, { task: 'end_to_end-0', output: 'state' });
  assert.deepEqual(ended?.result?.selected, {
    checkpoint: 'end_to_end-0',
    step: 27,
    metric: 'validation_accuracy',
    value: 0.8,
  });
  assert.equal(ended?.result?.ended, 'completed');
});

test('the best rounds and the latest stay after the end, as checkpoints that start jobs', async () => {
  const method = { type: 'backprop', round_steps: 4 } as const;
  const checkpoints = { best: 2, latest: 1 };
  const selection = { keep: 'last', metric: 'validation_accuracy', checkpoints } as const;
  const job = await start({ early_stopping: null, selection, method });
  const stored = async (name: string) => {
    const { uri, size_bytes } = await strata.blobs.put(Buffer.from(name));
    return { ...SUCCESS, outputs: { ...SUCCESS.outputs, state: { uri, size_bytes } } };
  };
  await job.run('prepare');
  const accuracies = [0.5, 0.8, Number.NaN, 0.8, 0.7, 0.1, 0.6, 0.2];
  for (const [number, accuracy] of accuracies.entries()) {
    await recordSuccess(db, await job.claim(`stage-0-${number}`), await stored(`round ${number}`), []);
    await evaluate(job, number, accuracy);
  }
  await endWell(job);
  const listed = (await strata.client.jobs.listJobCheckpoints(job.id)).data;
  assert.deepEqual(
    listed.map(({ kind, round: number, starts_jobs }) => [kind, number, starts_jobs]),
    [
      ['round', 1, true],
      ['round', 3, true],
      ['round', 7, true],
    ],
  );
  const names = (await strata.client.jobs.listJobArtifacts(job.id)).data.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => name.startsWith('checkpoints/')),
    [1, 3, 7].map((number) => `checkpoints/round-${number}/stage-0-${number}.safetensors`),
  );
  const from = { checkpoint: listed[0]?.id ?? '', head: 'auto' } as const;
  const { job: next } = await strata.client.jobs.createJob(smallJob({ ...JOB, method, init_from: from }), {});
  assert.equal(next.spec.init_from?.checkpoint, `${job.id}-round-1`);
});

test('a job of one stage that stops early exports the best network of its rounds, not the last one', async () => {
  const job = await start({ selection: BEST, method: { type: 'backprop', round_steps: 4 } });
  await job.run('prepare', 'stage-0-0', 'stage-0-1', 'stage-0-2');
  await evaluate(job, 0, 0.5);
  await evaluate(job, 1, 0.4);
  const { last, ended } = await endWell(job);
  assert.deepEqual(last.inputs['state-0'], { task: 'stage-0-0', output: 'state' });
  assert.deepEqual([ended?.result?.ended, ended?.result?.selected?.checkpoint], ['early', 'round-0']);
});

test('finalize exports the last network where no evaluation was a number', async () => {
  const job = await start({
    early_stopping: null,
    selection: BEST,
    method: { type: 'backprop', round_steps: 16 },
  });
  await job.run('prepare', 'stage-0-0', 'stage-0-1');
  for (const number of [0, 1]) await evaluate(job, number, Number.NaN);
  const { last, ended } = await endWell(job);
  assert.deepEqual(last.inputs['state-0'], { task: 'stage-0-1', output: 'state' });
  assert.equal(ended?.result?.selected, null);
});

/** A connection whose process dies at the statement after `left` others. */
function mortal(whole: Database, left: number): Database {
  let rest = left;
  const dying = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(of, name) {
        const own: unknown = Reflect.get(of, name);
        if (typeof own !== 'function') return typeof own === 'object' && own !== null ? dying(own) : own;
        return (...args: unknown[]) => {
          if (rest-- === 0) throw new Error('killed');
          return Reflect.apply(own, of, args);
        };
      },
    });
  return new Proxy(whole, {
    get: (of, name) =>
      name === '$transaction'
        ? (change: (tx: object) => Promise<unknown>) => whole.$transaction((tx) => change(dying(tx)))
        : Reflect.get(of, name),
  });
}
