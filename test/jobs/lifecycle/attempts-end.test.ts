import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { planJobs } from '../../../src/jobs/dispatcher/reconcile.js';
import { claimNext } from '../../../src/jobs/lifecycle/claim.js';
import { workOn } from '../../../src/jobs/lifecycle/work-on.js';
import { consumeTasks, openTaskQueue } from '../../../src/jobs/queue/queue.js';
import type { Database } from '../../../src/jobs/store/connection/database.js';
import { eventually } from '../../support/eventually.js';
import type { Strata } from '../../support/strata.js';
import { unrenewedLeases } from '../support/outbox.js';
import { smallJob } from '../support/specs.js';
import { claimer, log, useStore } from '../support/store.js';

let strata: Strata;
let db: Database;
useStore((store) => ({ strata, db } = store));
beforeEach(() => strata.sql.query('TRUNCATE job CASCADE'));

const lease = { table: 'task', id: 'task_1', attempt: 1 } as const;

test('any error of the work ends its attempt with the reason, and is logged', async () => {
  const failures: string[] = [];
  const logged: unknown[] = [];
  await workOn({
    lease,
    leases: unrenewedLeases,
    about: {},
    log: { ...log, error: (entry: unknown) => void logged.push(entry) },
    run: () => Promise.reject(new Error('boom')),
    fail: async ({ message }) => failures.push(message),
  });
  assert.deepEqual(failures, ['boom']);
  assert.equal(logged.length, 1);
});

test('an end that cannot be recorded while Postgres is away is recorded when it is back', async () => {
  const away = Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
  let tries = 0;
  await workOn({
    lease,
    leases: unrenewedLeases,
    about: {},
    log,
    run: () => Promise.reject(new Error('boom')),
    fail: () => (++tries < 3 ? Promise.reject(away) : Promise.resolve()),
  });
  assert.equal(tries, 3);
});

test('work whose claim is lost records nothing', async () => {
  let lose = (): void => undefined;
  await workOn({
    lease,
    leases: { ...unrenewedLeases, hold: ({ onLost }) => (lose = onLost) },
    about: {},
    log,
    async run(lost) {
      lose();
      lost.throwIfAborted();
    },
    fail: () => assert.fail('it is another attempt’s by now'),
  });
});

test('an error in the work of a queue is reported', async () => {
  const errors: Error[] = [];
  const { redisUrl } = strata.servers;
  const consumer = await consumeTasks(
    redisUrl,
    1,
    () => Promise.reject(new Error('boom')),
    (error) => errors.push(error),
  );
  const queue = openTaskQueue(redisUrl, () => undefined);
  await queue.offer([{ id: 'task_1', attempt: 0 }]);
  await eventually('the error', () => errors.some(({ message }) => message === 'boom'));
  await consumer.pause();
  await consumer.close();
  await queue.close();
});

/** Damage that no claim can read: an output that its maker does not have, and a column of another form. */
for (const inputs of ['{"dataset": {"task": "nobody", "output": "dataset"}}', '3']) {
  test(`a task that cannot be claimed (${inputs}) holds up nobody, and fails its job as internal`, async () => {
    const { job: damaged } = await strata.client.jobs.createJob(
      smallJob({ priority: 5, max_attempts: 2 }),
      {},
    );
    const { job: sound } = await strata.client.jobs.createJob(smallJob(), {});
    await planJobs(db, log);
    await strata.sql.query(`UPDATE task SET inputs = $2 WHERE job_id = $1 AND key = 'prepare'`, [
      damaged.id,
      inputs,
    ]);
    const claim = await claimNext(db, claimer);
    assert.ok(claim?.kind === 'task');
    assert.equal(claim.task.jobId, sound.id);
    const { rows } = await strata.sql.query(
      'SELECT failures = attempt AS counted FROM task WHERE job_id = $1 AND failures > 0',
      [damaged.id],
    );
    assert.deepEqual(rows, [{ counted: true }]);
    await strata.sql.query('UPDATE task SET due_at = now() - make_interval(secs => 1) WHERE job_id = $1', [
      damaged.id,
    ]);
    assert.equal(await claimNext(db, claimer), null);
    const failed = await strata.client.jobs.getJob(damaged.id);
    assert.deepEqual([failed?.state, failed?.error?.code], ['failed', 'internal']);
    assert.match(failed?.error?.message ?? '', /cannot be claimed/);
  });
}
