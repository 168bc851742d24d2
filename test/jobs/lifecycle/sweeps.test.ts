import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Sweep } from '../../../src/contract/client/sweeps.js';
import { StrataError } from '../../../src/contract/errors.js';
import { advanceSweep } from '../../../src/jobs/lifecycle/sweeps.js';
import type { Database } from '../../../src/jobs/store/connection/database.js';
import { evaluateKey } from '../../../src/planning/tasks/task-graph.js';
import type { Strata } from '../../support/strata.js';
import { insertModel } from '../support/models.js';
import { useStore } from '../support/store.js';
import { checkJob, smallSweep } from '../support/sweeps.js';

describe('a sweep', () => {
  let strata: Strata;
  let db: Database;
  useStore((store) => {
    ({ strata, db } = store);
  });
  const sweeps = () => strata.client.sweeps;
  const create = (changes: Parameters<typeof smallSweep>[0] = {}) =>
    sweeps().createSweep(smallSweep(changes), { checkJob, dryRun: false });
  /** Looks until nothing is left to do for the jobs as they are. */
  const look = async ({ id }: Sweep) => {
    await advanceSweep(db, id);
    return (await sweeps().getSweep(id))!;
  };
  const jobsOf = async ({ id }: Sweep) =>
    (await sweeps().listSweepTrials(id)).data.flatMap((trial) =>
      trial.runs.flatMap((run) => run.job_id ?? []),
    );
  /** Lets a job end as if it had been trained. */
  const end = (id: string, state: string, accuracy: number | null = null) =>
    strata.sql.query(
      `UPDATE job SET state = $2, finished_at = now(), result = CASE WHEN $3::float8 IS NOT NULL THEN
         jsonb_build_object('test_accuracy', 0.5, 'test_loss', 1, 'validation_accuracy', $3::float8) END WHERE id = $1`,
      [id, state, accuracy],
    );
  const endAll = async (sweep: Sweep, state: string, accuracy: number | null = null) => {
    for (const id of await jobsOf(sweep)) {
      const job = await strata.client.jobs.getJob(id);
      if (job?.finished_at === null) await end(id, state, accuracy);
    }
  };
  const refusal = async (made: Promise<unknown>) => {
    const error = await made.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof StrataError, String(error));
    return { code: error.code, pointers: error.errors.map(({ pointer }) => pointer), error };
  };

  test('trains its points a few at a time, and the best wins', async () => {
    const sweep = await create();
    assert.deepEqual([sweep.state, sweep.counts.waiting, sweep.cost.jobs], ['running', 4, 4]);
    assert.deepEqual((await look(sweep)).counts, { ...sweep.counts, waiting: 2, running: 2 });
    const [first = '', second = ''] = await jobsOf(sweep);
    const job = await strata.client.jobs.getJob(first);
    const [trial] = (await sweeps().listSweepTrials(sweep.id)).data;
    assert.equal(job?.spec.optimizer.learning_rate, trial?.parameters['/optimizer/learning_rate']);
    assert.equal(job?.name, 'rates');
    await end(first, 'succeeded', 0.7);
    await end(second, 'succeeded', 0.9);
    assert.deepEqual((await look(sweep)).best?.value, 0.9);
    await endAll(sweep, 'succeeded', 0.8);
    const over = await look(sweep);
    assert.deepEqual([over.state, over.ended, over.counts.succeeded], ['succeeded', 'completed', 4]);
    assert.deepEqual([over.best?.number, over.best?.value], [1, 0.9]);
    assert.equal((await refusal(sweeps().pauseSweep(sweep.id))).code, 'sweep_finished');
    const listed = await strata.client.jobs.listJobs({ limit: 100, sweep: sweep.id });
    assert.deepEqual(listed.data.map(({ id }) => id).sort(), (await jobsOf(sweep)).sort());
  });

  test('makes no job twice, whoever looks and wherever a look is cut short', async () => {
    const sweep = await create({ limits: { parallel_trials: 4 } });
    let cuts = 0;
    // A process that dies before its commit: every statement of the look in turn is the last one.
    for (let last = 1; (await jobsOf(sweep)).length === 0; last++) {
      let left = last;
      const dying = (tx: object): never =>
        new Proxy(tx, {
          get(target, name) {
            const own: unknown = Reflect.get(target, name);
            if (typeof own !== 'function') return typeof own === 'object' && own !== null ? dying(own) : own;
            return (...args: unknown[]) => {
              if (left-- === 0) throw new Error('killed');
              return Reflect.apply(own, target, args);
            };
          },
        }) as never;
      const mortal = {
        $transaction: (change: (tx: never) => Promise<unknown>) => db.$transaction((tx) => change(dying(tx))),
      } as unknown as Database;
      await advanceSweep(mortal, sweep.id).catch(() => (cuts += 1));
    }
    assert.ok(cuts > 4, `${cuts} cuts`);
    await Promise.all(Array.from({ length: 4 }, () => advanceSweep(db, sweep.id)));
    const { rows } = await strata.sql.query(
      `SELECT count(*)::int AS jobs FROM job WHERE id IN (SELECT job_id FROM sweep_trial WHERE sweep_id = $1)
         OR name = 'rates' AND created_at >= $2`,
      [sweep.id, sweep.created_at],
    );
    assert.equal(rows[0].jobs, 4);
    await sweeps().cancelSweep(sweep.id);
    assert.equal((await look(sweep)).state, 'stopping');
    assert.equal((await look(sweep)).state, 'cancelled');
  });

  test('repeats a point with further seeds, and tells mean and spread', async () => {
    const sweep = await create({ repeats: 2, limits: { trials: 1 } });
    await look(sweep);
    const [first = '', second = ''] = await jobsOf(sweep);
    await end(first, 'succeeded', 0.6);
    await look(sweep);
    assert.equal((await sweeps().getSweep(sweep.id))?.best, null);
    await end(second, 'succeeded', 0.8);
    const { best } = await look(sweep);
    assert.equal(best?.value, 0.7);
    assert.ok(Math.abs((best?.spread ?? 0) - Math.SQRT2 / 10) < 1e-12);
    const [a, b] = best?.runs ?? [];
    assert.equal(b?.seed, (a?.seed ?? 0) + 1);
    const spec = (await strata.client.jobs.getJob(second))?.spec;
    assert.equal(spec?.seed, b?.seed);
  });

  test('counts points that the rules refuse, and draws others', async () => {
    const space = { '/method/stages': { values: [2, 3, 30] } };
    const sweep = await create({ space, limits: { trials: 3 } });
    assert.deepEqual([sweep.counts.waiting, sweep.counts.refused], [2, 1]);
    assert.match(sweep.refused ?? '', /stages/);
    await sweeps().cancelSweep(sweep.id);
    await look(sweep);
  });

  test('refuses what no point could have, with the field', async () => {
    const refused = async (changes: Parameters<typeof smallSweep>[0]) => {
      const { code, pointers } = await refusal(create(changes));
      assert.equal(code, 'invalid_spec');
      return pointers;
    };
    assert.deepEqual(await refused({ space: { '/optimizer/learning_rat': { values: [1] } } }), [
      '/space/~1optimizer~1learning_rat/values/0',
    ]);
    assert.deepEqual(await refused({ space: { '/model/depth': { min: 8, max: 20 } } }), [
      '/space/~1model~1depth/step',
    ]);
    assert.deepEqual(await refused({ space: { '/epochs': { values: [1, 'two'] } } }), [
      '/space/~1epochs/values/1',
    ]);
    assert.deepEqual(await refused({ space: { '/method/stages': { values: [30, 31] } } }), [
      '/space/~1method~1stages',
    ]);
    const { job } = smallSweep();
    assert.deepEqual(await refused({ job: { ...job, validation_share: null } }), ['/job/validation_share']);
    assert.deepEqual(await refused({ refit: { overrides: { '/epoch': 3 } } }), ['/refit/overrides/~1epoch']);
    assert.deepEqual(await refused({ repeats: 16, limits: { trials: 100 } }), ['/limits/trials']);
  });

  test('a dry run tells the cost and stores nothing', async () => {
    const { sql } = strata;
    const count = async () => (await sql.query('SELECT count(*)::int AS count FROM sweep')).rows[0].count;
    const before = await count();
    const dry = await sweeps().createSweep(smallSweep(), { checkJob, dryRun: true });
    assert.deepEqual([dry.id, dry.counts.waiting, dry.cost.jobs], ['dry_run', 4, 4]);
    assert.ok((dry.cost.device_seconds ?? 0) > 0);
    assert.deepEqual(dry.cost.warnings, [], 'no worker is there');
    assert.equal(await count(), before);
  });

  test('ends at its target, its budget, or after too many failures, and cancels what runs', async () => {
    const target = await create({ limits: { target: 0.9 } });
    await look(target);
    await end((await jobsOf(target))[0] ?? '', 'succeeded', 0.95);
    assert.deepEqual([(await look(target)).ended, (await look(target)).counts.cancelled], ['target', 3]);
    assert.equal((await look(target)).state, 'succeeded');

    const budget = await create({ limits: { device_seconds: 10 } });
    await look(budget);
    const [spender = '', other = ''] = await jobsOf(budget);
    await strata.sql.query(
      `INSERT INTO event (job_id, seq, at, level, type, message, data, task)
       VALUES ($1, 90, now() - interval '11 s', 'info', 'task.started', '', '{"attempt": 1}', 'prepare'),
         ($1, 91, now(), 'info', 'task.succeeded', '', '{"attempt": 1}', 'prepare')`,
      [spender],
    );
    const spent = await look(budget);
    assert.deepEqual([spent.ended, Math.round(spent.spent.device_seconds)], ['budget', 11]);
    assert.equal((await strata.client.jobs.getJob(other))?.state, 'cancelled');

    const failing = await create({ limits: { failed_trials: 2 } });
    await look(failing);
    await endAll(failing, 'failed');
    await look(failing);
    assert.deepEqual([(await look(failing)).state, (await look(failing)).ended], ['failed', 'failed_trials']);
  });

  test('one failure does not end it', async () => {
    const sweep = await create({ limits: { trials: 2, failed_trials: 2 } });
    await look(sweep);
    const [first = '', second = ''] = await jobsOf(sweep);
    await end(first, 'failed');
    await end(second, 'succeeded', 0.6);
    assert.deepEqual([(await look(sweep)).state, (await look(sweep)).counts.failed], ['succeeded', 1]);
  });

  test('pauses and resumes with its jobs', async () => {
    const sweep = await create();
    await look(sweep);
    await sweeps().pauseSweep(sweep.id);
    assert.deepEqual([(await look(sweep)).state, (await look(sweep)).counts.paused], ['paused', 2]);
    const [job = ''] = await jobsOf(sweep);
    assert.equal((await strata.client.jobs.getJob(job))?.state, 'paused');
    await sweeps().resumeSweep(sweep.id);
    assert.equal((await look(sweep)).counts.running, 2);
    assert.equal((await strata.client.jobs.getJob(job))?.state, 'queued');
    await sweeps().cancelSweep(sweep.id);
    await look(sweep);
  });

  test('trains the best point once more, and keeps the models that are asked for', async () => {
    const sweep = await create({
      refit: { overrides: { '/epochs': 2 } },
      keep: { models: 1 },
      limits: { trials: 2 },
    });
    await look(sweep);
    const jobs = await jobsOf(sweep);
    const models = await Promise.all(jobs.map((id) => insertModel(strata.sql, id)));
    await end(jobs[0] ?? '', 'succeeded', 0.6);
    await end(jobs[1] ?? '', 'succeeded', 0.7);
    const searched = await look(sweep);
    assert.deepEqual([searched.state, searched.ended], ['stopping', 'completed']);
    const refit = await strata.client.jobs.getJob(searched.refit_job_id ?? '');
    assert.equal(refit?.spec.epochs, 2);
    assert.equal(refit?.spec.optimizer.learning_rate, searched.best?.parameters['/optimizer/learning_rate']);
    await end(refit?.id ?? '', 'succeeded', 0.8);
    assert.equal((await look(sweep)).state, 'succeeded');
    const kept = await Promise.all(models.map((id) => strata.client.models.getModel(id)));
    assert.deepEqual(
      kept.map((model) => model?.id ?? null),
      [null, models[1]],
    );
  });

  test('takes points of your own, until it has all of them', async () => {
    const sweep = await create({ space: {}, search: { type: 'none', seed: null }, limits: { trials: 2 } });
    const add = (rate: number | string) =>
      sweeps().createTrial(sweep.id, { parameters: { '/optimizer/learning_rate': rate } }, { checkJob });
    assert.equal((await look(sweep)).state, 'running');
    assert.equal((await add(0.01)).number, 0);
    const wrong = await refusal(add('fast'));
    assert.deepEqual(
      [wrong.code, wrong.pointers],
      ['invalid_spec', ['/parameters/~1optimizer~1learning_rate']],
    );
    assert.equal((await add(0.02)).number, 1);
    assert.equal((await refusal(add(0.03))).code, 'sweep_full');
    await look(sweep);
    await endAll(sweep, 'succeeded', 0.5);
    assert.equal((await look(sweep)).state, 'succeeded');
  });

  test('other limits draw the trials that are missing, or leave out those that have not started', async () => {
    const sweep = await create({ limits: { trials: 2 } });
    const whole = await create({ limits: { trials: 4 } });
    const limit = (trials: number) => sweeps().updateSweep(sweep.id, { limits: { trials } }, { checkJob });
    assert.equal((await limit(4)).counts.waiting, 4);
    const parametersOf = async ({ id }: Sweep) =>
      (await sweeps().listSweepTrials(id)).data.map(({ parameters }) => parameters);
    assert.deepEqual(await parametersOf(sweep), await parametersOf(whole));
    await look(sweep);
    assert.deepEqual((await limit(1)).counts, { ...sweep.counts, waiting: 0, running: 2 });
    for (const { id } of [sweep, whole]) await sweeps().cancelSweep(id);
  });

  test('pauses its trials at a rung, promotes the best of them, and prunes the others', async () => {
    const { job } = smallSweep();
    const sweep = await create({
      job: { ...job, epochs: 8, method: { ...job.method, round_steps: 4, stages: 2 } },
      stopping: { type: 'asha', divisor: 3, min_epochs: 1, max_rungs: 1, mode: 'promote' },
      limits: { trials: 3, parallel_trials: 3 },
    });
    await look(sweep);
    const jobs = await jobsOf(sweep);
    const [run] = (await sweeps().listSweepTrials(sweep.id)).data[0]?.runs ?? [];
    const round = run?.rungs[0]?.round ?? -1;
    assert.equal((await strata.client.jobs.getJob(jobs[0] ?? ''))?.spec.evaluate_every, round + 1);
    const evaluated = (index: number, accuracy: number) =>
      strata.sql.query(
        `INSERT INTO task (id, job_id, key, position, kind, round, state, waiting, inputs, weight, result, finished_at)
         VALUES ('task_rung_' || $1::text, $1, $4, 0, 'evaluate', $2, 'succeeded', 0, '{}', 1, $3, now())`,
        [jobs[index], round, { validation_accuracy: accuracy }, evaluateKey(round)],
      );
    const states = async () => {
      await look(sweep);
      return (await sweeps().listSweepTrials(sweep.id)).data.map(({ state }) => state);
    };
    await evaluated(0, 0.5);
    await evaluated(1, 0.8);
    assert.deepEqual(await states(), ['paused', 'paused', 'running']);
    assert.equal((await strata.client.jobs.getJob(jobs[1] ?? ''))?.state, 'paused');
    await evaluated(2, 0.6);
    assert.deepEqual(await states(), ['paused', 'running', 'paused']);
    assert.equal((await strata.client.jobs.getJob(jobs[1] ?? ''))?.state, 'queued');
    await end(jobs[1] ?? '', 'succeeded', 0.85);
    assert.deepEqual(await states(), ['pruned', 'succeeded', 'pruned']);
    const over = await look(sweep);
    assert.deepEqual([over.state, over.ended, over.best?.number], ['succeeded', 'completed', 1]);
    assert.equal((await strata.client.jobs.getJob(jobs[0] ?? ''))?.state, 'cancelled');
  });

  test('refuses rungs that are too short or too late, and repeats beside them', async () => {
    const { job } = smallSweep();
    const stopping = { type: 'asha', divisor: 3, min_epochs: 1, max_rungs: 3, mode: 'promote' } as const;
    const refused = async (changes: Parameters<typeof smallSweep>[0]) =>
      (await refusal(create({ stopping, ...changes }))).pointers;
    const long = { ...job, epochs: 8, method: { ...job.method, stages: 3, round_steps: 8 } };
    assert.deepEqual(await refused({ job: long }), ['/stopping/min_epochs']);
    assert.deepEqual(await refused({ job, stopping: { ...stopping, min_epochs: 2 } }), [
      '/stopping/min_epochs',
    ]);
    assert.deepEqual(await refused({ job, repeats: 2 }), ['/repeats']);
  });

  test('belongs to its tenant', async () => {
    const sweep = await create();
    const theirs = strata.service.forTenant('theirs').sweeps;
    assert.equal(await theirs.getSweep(sweep.id), null);
    assert.deepEqual((await theirs.listSweeps({ limit: 5 })).data, []);
    assert.equal((await refusal(theirs.listSweepTrials(sweep.id))).code, 'not_found');
    assert.equal((await refusal(theirs.cancelSweep(sweep.id))).code, 'not_found');
    const jobs = await strata.service.forTenant('theirs').jobs.listJobs({ limit: 5, sweep: sweep.id });
    assert.deepEqual(jobs.data, []);
    const page = await sweeps().listSweeps({ limit: 1 });
    assert.deepEqual([page.data[0]?.id, page.has_more], [sweep.id, true]);
    await sweeps().cancelSweep(sweep.id);
  });
});
