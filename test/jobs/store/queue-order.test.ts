import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { planJobs } from '../../../src/jobs/dispatcher/reconcile.js';
import { claimNext } from '../../../src/jobs/lifecycle/claim.js';
import { releaseTask } from '../../../src/jobs/lifecycle/fail.js';
import { recordShared } from '../../../src/jobs/lifecycle/share.js';
import type { Database } from '../../../src/jobs/store/connection/database.js';
import { nextInSlot, queuePositions } from '../../../src/jobs/store/queue-order.js';
import type { Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';
import { claimer, log, useStore } from '../support/store.js';
import { runOf, sentBy } from './plans/statements.js';

let strata: Strata;
let db: Database;
useStore((store) => ({ strata, db } = store));
beforeEach(() => strata.sql.query('TRUNCATE job CASCADE'));

/** Jobs of a tenant, planned: each has one task that is ready. */
async function jobs(tenant: string, count: number, priority = 0): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    const { job } = await strata.service.forTenant(tenant).jobs.createJob(smallJob({ priority }), {});
    ids.push(job.id);
  }
  await planJobs(db, log);
  return ids;
}

/** The next task in order, claimed: the job it belongs to. */
async function claimed(): Promise<{ jobId: string; free(): Promise<unknown> }> {
  const claim = await claimNext(db, claimer);
  assert.ok(claim?.kind === 'task', 'a task can be claimed');
  return { jobId: claim.task.jobId, free: () => releaseTask(db, claim.task) };
}

test('tenants take turns, each with its oldest job first', async () => {
  const a = await jobs('a', 4);
  const b = await jobs('b', 2);
  const order: string[] = [];
  for (let index = 0; index < 6; index++) order.push((await claimed()).jobId);
  assert.deepEqual(new Set(order.slice(0, 4)), new Set([...a.slice(0, 2), ...b]));
  assert.deepEqual(
    order.filter((id) => a.includes(id)),
    a,
  );
  assert.deepEqual(
    order.filter((id) => b.includes(id)),
    b,
  );
  assert.equal(await claimNext(db, claimer), null);
});

test("one tenant with many jobs delays another's first by one task at most", async () => {
  await jobs('many', 30);
  const running = await claimed();
  const [late] = await jobs('late', 1);
  await running.free();
  assert.equal((await claimed()).jobId, late, 'it is its turn as soon as a slot is free');
});

test('the tenant that was served longest ago is next where there is one slot', async () => {
  const a = await jobs('a', 3);
  const b = await jobs('b', 3);
  const tenants: string[] = [];
  for (let index = 0; index < 4; index++) {
    const { jobId, free } = await claimed();
    tenants.push(a.includes(jobId) ? 'a' : 'b');
    await free();
  }
  assert.ok([...a, ...b].length === 6 && ['abab', 'baba'].includes(tenants.join('')), tenants.join(''));
});

test('a task on several slots counts as often in the share of its tenant', async () => {
  await jobs('a', 3);
  await jobs('b', 3);
  const shared = await claimNext(db, claimer);
  assert.ok(shared?.kind === 'task');
  await recordShared(db, shared.task, ['cpu:0', 'cpu:1', 'cpu:2']);
  const tenantOf = async (id: string) => (await db.job.findUniqueOrThrow({ where: { id } })).tenant;
  const first = await tenantOf(shared.task.jobId);
  const next: string[] = [];
  for (let index = 0; index < 3; index++) next.push(await tenantOf((await claimed()).jobId));
  const other = first === 'a' ? 'b' : 'a';
  assert.deepEqual(next, [other, other, other]);
  await releaseTask(db, shared.task);
  assert.equal(await tenantOf((await claimed()).jobId), first, 'its slots are free again');
});

test('a priority counts among the jobs of its tenant, and takes no turn from another', async () => {
  const [first] = await jobs('a', 1);
  const [urgent, urgent2] = await jobs('b', 2, 100);
  const [late] = await jobs('b', 1, -5);
  const [normal] = await jobs('b', 1);
  const order: string[] = [];
  for (let index = 0; index < 5; index++) order.push((await claimed()).jobId);
  assert.ok(order.slice(0, 2).includes(first!), 'the other tenant has its turn');
  assert.deepEqual(
    order.filter((id) => id !== first),
    [urgent, urgent2, normal, late],
  );
});

test('tasks that wait for their next attempt, and those of jobs that are to stop, are passed over', async () => {
  const [later, stopping, open] = await jobs('a', 3);
  await strata.sql.query(`UPDATE task SET due_at = now() + interval '1 h' WHERE job_id = $1`, [later]);
  await strata.sql.query(`UPDATE job SET stop_as = 'cancelled' WHERE id = $1`, [stopping]);
  assert.equal((await claimed()).jobId, open);
  assert.equal(await claimNext(db, claimer), null);
});

test('slots that ask at the same moment get a task each', async () => {
  await jobs('a', 6);
  await jobs('b', 6);
  const claims = await Promise.all(Array.from({ length: 8 }, claimed));
  assert.equal(new Set(claims.map(({ jobId }) => jobId)).size, 8);
});

test('a queued job shows how many jobs are ahead of it, and why it waits', async () => {
  const [first, second, third] = await jobs('a', 3);
  const other = await jobs('b', 1);
  await jobs('c', 1);
  const [urgent] = await jobs('c', 1, 1);
  const queueOf = async (tenant: string, id = '') =>
    (await strata.service.forTenant(tenant).jobs.getJob(id))?.queue;
  assert.deepEqual(await queueOf('a', first), { position: 1, reason: 'no worker is connected' });
  assert.equal((await queueOf('b', other[0]))?.position, 2);
  assert.equal((await queueOf('c', urgent))?.position, 3, 'first of its tenant, third of all');
  assert.equal((await queueOf('a', second))?.position, 4);
  assert.equal((await queueOf('a', third))?.position, 6);
  await db.$executeRaw`INSERT INTO worker (id, host, pid, devices, slots, versions)
    VALUES ('worker_1', 'here', 1, '[]', '[{"state":"busy","task_id":null}]', '{}')`;
  assert.equal((await queueOf('a', third))?.reason, '5 jobs are ahead of it, and the only slot is busy');
  assert.equal((await queueOf('a', first))?.reason, 'the only slot is busy');
  await db.$executeRaw`DELETE FROM worker`;
});

/** Queued jobs, by SQL: `tenants` of them, `each` jobs a tenant and priority. */
async function fillQueue(tenants: number, each: number, priorities: readonly number[]): Promise<void> {
  await jobs('t00', 1);
  await strata.sql.query(
    `INSERT INTO job (id, tenant, name, metadata, state, priority, dataset_id, spec, plan, planned_at)
    SELECT 'job_x' || lpad((n * $1::int + t)::text, 6, '0') || p, 't' || lpad(t::text, 2, '0'), name, metadata, 'queued', p,
      dataset_id, spec, plan, now()
    FROM generate_series(0, $1::int - 1) t, generate_series(1, $2::int) n, unnest($3::int[]) p, (SELECT * FROM job LIMIT 1) model`,
    [tenants, each, priorities],
  );
}

/** The order as it is promised, of all that wait. */
const WHOLE_ORDER = `
  WITH share AS (
    SELECT tenant, count(*) AS running, max(started_at) AS served FROM task WHERE state = 'running' GROUP BY tenant
  ), queued AS (
    SELECT id, tenant, priority, row_number() OVER (PARTITION BY tenant ORDER BY priority DESC, id) AS turn
    FROM job WHERE state = 'queued'
  )
  SELECT id, least(1001, row_number() OVER (
    ORDER BY turn + coalesce(running, 0), served NULLS FIRST, id))::int AS position
  FROM queued LEFT JOIN share USING (tenant)`;

test('positions are those of the whole order, up to a thousand', async () => {
  await fillQueue(7, 90, [-1, 0, 3]);
  for (const tenant of ['t01', 't04', 't04', 't06']) await jobs(tenant, 1, 3);
  for (let index = 0; index < 3; index++) await claimed();
  const { rows } = await strata.sql.query<{ id: string; position: number }>(WHOLE_ORDER);
  const ids = [...rows.map(({ id }) => id), 'job_none'];
  assert.deepEqual(await queuePositions(db, ids), new Map(rows.map(({ id, position }) => [id, position])));
  assert.ok(rows.length > 1500 && rows.some(({ position }) => position === 1000));
});

test('a position costs the same for any number of waiting jobs', async (t) => {
  await fillQueue(10, 2_000, [0, 1]);
  await strata.sql.query('ANALYZE');
  const [statement] = await sentBy(() => queuePositions(db, ['job_x0000110']));
  const { rowsSeen, scanned, ms, plan } = await runOf(strata.sql, statement!);
  t.diagnostic(`${rowsSeen} rows in ${ms} ms`);
  // A thousand of each of ten tenants, in each of the few steps of the plan.
  assert.ok(rowsSeen < 100_000, `the plan went through ${rowsSeen} rows: ${plan}`);
  assert.ok(!scanned.includes('job'), plan);
});

test('the look for the next task is cheap at 100,000 ready tasks of 20 tenants', async (t) => {
  await jobs('t00', 1);
  await strata.sql.query(`
    INSERT INTO job (id, tenant, name, metadata, state, dataset_id, spec, plan)
    SELECT 'job_x' || lpad(n::text, 6, '0'), 't' || lpad((n % 20)::text, 2, '0'), name, metadata, state, dataset_id, spec, plan
    FROM generate_series(1, 10000) n, (SELECT * FROM job LIMIT 1) model`);
  await strata.sql.query(`
    INSERT INTO task (id, job_id, tenant, key, position, kind, state, waiting, inputs, weight)
    SELECT 'task_x' || job.id || n, job.id, job.tenant, 'k' || n, n, 'stage', 'ready', 0, '{}', 1
    FROM generate_series(1, 10) n, job WHERE job.id LIKE 'job_x%'`);
  await strata.sql.query('ANALYZE');
  // The longer look: of a device that must leave jobs in bfloat16 to others.
  const [statement] = await sentBy(() => nextInSlot(db, claimer));
  const { rowsSeen, ms, plan } = await runOf(strata.sql, statement!);
  t.diagnostic(`${rowsSeen} rows in ${ms} ms`);
  assert.ok(rowsSeen < 1_000, `the plan went through ${rowsSeen} rows: ${plan}`);
  assert.ok(await nextInSlot(db, claimer));
});
