import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { planJobs } from '../../../src/jobs/dispatcher/reconcile.js';
import { type Claim, claim } from '../../../src/jobs/lifecycle/claim.js';
import { recordSuccessAndClaim } from '../../../src/jobs/lifecycle/succeed.js';
import { int } from '../../../src/jobs/store/connection/column.js';
import type { Database } from '../../../src/jobs/store/connection/database.js';
import { prepare } from '../../../src/jobs/store/connection/prepared.js';
import { together } from '../../../src/jobs/store/connection/together.js';
import type { Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';
import { claimer, log, useStore } from '../support/store.js';

let strata: Strata;
let db: Database;
useStore((store) => ({ strata, db } = store));

const success: TaskSuccess = {
  outputs: { dataset: { uri: `sha256:${'a'.repeat(64)}`, size_bytes: 1 } },
  seconds: {},
  artifacts: [],
  result: {},
};

async function claimedJob(): Promise<{ jobId: string; prepare: Claim }> {
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  await planJobs(db, log);
  const { id } = await db.task.findFirstOrThrow({ where: { jobId: job.id, state: 'ready' } });
  const claimed = await claim(db, id, claimer);
  assert.ok(claimed, 'the task is to be had');
  return { jobId: job.id, prepare: claimed };
}

const end = ({ task }: Claim) => recordSuccessAndClaim(db, task, success, [], true, claimer);

const stateOf = async (id: string) => (await db.task.findUniqueOrThrow({ where: { id } })).state;

/** Transactions that wrote the rows of these tasks last. */
async function writersOf(...ids: readonly string[]): Promise<number> {
  const text = 'SELECT count(DISTINCT xmin::text)::int AS n FROM task WHERE id = ANY ($1)';
  const { rows } = await strata.sql.query<{ n: number }>(text, [ids]);
  return rows[0]?.n ?? 0;
}

test('an end and the claim of a task that it opens are one transaction', async () => {
  const { jobId, prepare: first } = await claimedJob();
  const { opened, next } = await end(first);
  assert.ok(opened !== null && opened > 0);
  assert.deepEqual([next?.task.jobId, next?.task.kind, next?.task.attempt], [jobId, 'stage', 1]);
  assert.equal(next?.assignment.inputs.dataset, success.outputs.dataset?.uri);
  assert.equal(await writersOf(first.task.id, next?.task.id ?? ''), 1);
  assert.deepEqual(
    [await stateOf(first.task.id), await stateOf(next?.task.id ?? '')],
    ['succeeded', 'running'],
  );
  const events = await db.event.findMany({ where: { jobId }, orderBy: { seq: 'asc' } });
  assert.deepEqual(
    events.slice(-3).map(({ type }) => type),
    ['task.succeeded', 'job.running', 'task.started'],
  );
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
});

test('a task that an end opens is due at once, whatever the part of the millisecond', async () => {
  for (let turn = 0; turn < 8; turn++) {
    const { next } = await end((await claimedJob()).prepare);
    assert.ok(next, `turn ${turn}`);
  }
});

test('a stale attempt ends nothing and claims nothing', async () => {
  const { prepare: first } = await claimedJob();
  await strata.client.jobs.createJob(smallJob(), {});
  await planJobs(db, log);
  const running = () => db.task.count({ where: { state: 'running' } });
  const before = await running();
  const stale = { ...first, task: { ...first.task, attempt: 0 } };
  assert.deepEqual(await end(stale), { opened: null, next: null });
  assert.equal(await stateOf(first.task.id), 'running');
  assert.equal(await running(), before);
});

test('the end of a task of a job that is to stop is recorded, and claims nothing', async () => {
  const { jobId, prepare: first } = await claimedJob();
  await strata.client.jobs.cancelJob(jobId, { force: false });
  const { opened, next } = await end(first);
  assert.notEqual(opened, null);
  assert.equal(next, null);
  assert.equal(await stateOf(first.task.id), 'succeeded');
});

for (const inputs of ['{"dataset": {"task": "nobody", "output": "dataset"}}', '3']) {
  test(`a next task that cannot be claimed (${inputs}) does not keep this one from its end`, async () => {
    const { prepare: first } = await claimedJob();
    const { job: damaged } = await strata.client.jobs.createJob(smallJob({ priority: 9 }), {});
    await planJobs(db, log);
    await strata.sql.query(`UPDATE task SET inputs = $2 WHERE job_id = $1 AND key = 'prepare'`, [
      damaged.id,
      inputs,
    ]);
    const { opened, next } = await end(first);
    assert.notEqual(opened, null);
    assert.equal(next, null);
    assert.equal(await stateOf(first.task.id), 'succeeded');
    await strata.sql.query('DELETE FROM job WHERE id = $1', [damaged.id]);
  });
}

test('an error of the second statement undoes the first, and the pool goes on', async () => {
  const raise = prepare(
    'test-raise',
    { n: int },
    `UPDATE dataset SET name = name || '!' WHERE $1::int = 1 RETURNING 1 AS n`,
  );
  const divide = prepare('test-divide', { n: int }, 'SELECT 1 / $1::int AS n');
  const names = () => strata.sql.query('SELECT name FROM dataset ORDER BY id').then(({ rows }) => rows);
  const before = await names();
  for (let turn = 0; turn < 2; turn++)
    await assert.rejects(together(db, raise.of([1]), divide.of([0])), /division by zero/);
  assert.deepEqual(await names(), before);
  assert.deepEqual(await together(db, raise.of([2]), divide.of([1])), [[], [{ n: 1 }]]);
  assert.deepEqual(await divide(db, [1]), [{ n: 1 }]);
});
