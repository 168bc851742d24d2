import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { smallJob } from '../jobs/support/specs.js';
import { assertEffectsOnce, repeatedTasks } from '../support/effects.js';
import { eventually, processExists } from '../support/eventually.js';
import type { ServiceProcess } from '../support/process.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';

// docs/adr/0027: a gang whose second member is a slot of another worker, with trainers that are connected as the real ones are.

let strata: Strata;
let workers: ServiceProcess[] = [];

/** A port that is free at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function startWorker(): Promise<ServiceProcess> {
  return strata.startWorker({ STRATA_STREAM_ADDRESS: `127.0.0.1:${await freePort()}` });
}

before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
  await strata.startDispatcher();
});
beforeEach(async () => {
  await strata.orders.clear();
  const alive = await Promise.all(workers.map(({ pid }) => processExists(pid)));
  const left = workers.filter((_, index) => alive[index]);
  const missing = Array.from({ length: 2 - left.length }, () => startWorker());
  workers = [...left, ...(await Promise.all(missing))];
  await eventually('both workers have reported the runtimes of their slots', async () => {
    const { rows } = await strata.sql.query(
      `SELECT FROM worker WHERE jsonb_path_exists(slots, '$[*] ? (@.state == "idle" && exists(@.runtime))')`,
    );
    return rows.length === 2;
  });
});
after(() => strata.stop());

const MEMBERS = ['stage-1-m0', 'stage-1-m1'] as const;
const PIPELINE = smallJob({ method: { type: 'pipeline', stages: 2 } });

/** A pipeline whose second round is held in the trainers of both workers. @returns their pids */
async function heldGang(): Promise<{ id: string; pids: readonly number[] }> {
  for (const member of MEMBERS) await strata.orders.hold(member);
  const { id } = (await strata.client.jobs.createJob(PIPELINE, {})).job;
  return { id, pids: await Promise.all(MEMBERS.map((member) => strata.orders.started(member))) };
}

async function releaseAll(): Promise<void> {
  for (const member of MEMBERS) await strata.orders.release(member);
}

async function assertEnded(id: string): Promise<void> {
  const job = await strata.ended(id);
  assert.equal(job.state, 'succeeded', JSON.stringify(job.error));
  assert.deepEqual(await repeatedTasks(strata, id), ['stage-1']);
  await assertEffectsOnce(strata, id);
  assert.equal(await seats(), 0, 'no secret is left');
}

async function seats(): Promise<number> {
  const { rows } = await strata.sql.query<{ count: number }>('SELECT count(*)::int AS count FROM gang_seat');
  return rows[0]!.count;
}

async function errorOf(id: string): Promise<string> {
  const { data } = await strata.event(id, 'task.retried');
  return (data.error as { code: string }).code;
}

/** The worker that has claimed the held round, and the one that helps it. */
async function roles(): Promise<{ leader: ServiceProcess; guest: ServiceProcess }> {
  const { rows } = await strata.sql.query<{ pid: number }>(
    `SELECT pid FROM worker JOIN task ON task.worker_id = worker.id WHERE task.state = 'running'`,
  );
  const leader = workers.find(({ pid }) => pid === rows[0]?.pid)!;
  return { leader, guest: workers.find((worker) => worker !== leader)! };
}

const gone = (pids: readonly number[]) =>
  eventually('the trainers are gone', async () => {
    const left = await Promise.all(pids.map(processExists));
    return !left.includes(true);
  });

test('slots of two workers run a round together, and a guest leaves its result and its last lines', async () => {
  await strata.orders.print('stage-1-m1', 'from the guest\n');
  const { id } = await heldGang();
  const { rows } = await strata.sql.query(
    `SELECT slots, assignment->'gang'->'connect'->>'host' AS host,
       length(assignment->'gang'->'connect'->>'secret') AS digits
     FROM task JOIN gang_seat ON gang_seat.task_id = task.id`,
  );
  assert.deepEqual(rows, [{ slots: 2, host: '127.0.0.1', digits: 64 }]);
  await releaseAll();
  assert.equal((await strata.ended(id)).state, 'succeeded');
  assert.deepEqual(await repeatedTasks(strata, id), []);
  await assertEffectsOnce(strata, id);
  assert.equal(await seats(), 0, 'no secret is left');
  const { data } = await strata.event(id, 'task.shared', ({ data }) => data.task === 'stage-1');
  assert.deepEqual([(data.devices as string[]).length, (data.guests as string[]).length], [2, 1]);
  const { rows: lines } = await strata.sql.query(
    `SELECT stream FROM log_line WHERE job_id = $1 AND text = 'from the guest'`,
    [id],
  );
  assert.deepEqual(lines, [{ stream: 'stderr' }]);
});

for (const [index, member] of MEMBERS.entries()) {
  test(`kill -9 of the trainer of ${member}: the gang runs again`, async () => {
    const { id, pids } = await heldGang();
    process.kill(pids[index]!, 'SIGKILL');
    await Promise.all(MEMBERS.map((each) => strata.orders.started(each, 2)));
    await releaseAll();
    await assertEnded(id);
    assert.equal(await errorOf(id), 'trainer_crashed');
  });
}

for (const role of ['leader', 'guest'] as const) {
  test(`kill -9 of the worker of the ${role}: the round runs again on the other one`, async () => {
    const { id, pids } = await heldGang();
    const killed = (await roles())[role];
    await killed.kill();
    await gone(pids);
    await releaseAll();
    await assertEnded(id);
    assert.equal(await errorOf(id), role === 'leader' ? 'worker_lost' : 'stream_lost');
  });
}

test('a cut stream between two workers ends the attempt within its lease, and the gang runs again', async () => {
  const { id } = await heldGang();
  await strata.orders.cut(MEMBERS[1]);
  await Promise.all(MEMBERS.map((each) => strata.orders.started(each, 2)));
  await releaseAll();
  await assertEnded(id);
  assert.equal(await errorOf(id), 'stream_lost');
});

test('a guest that is asked to stop hands the task back at a checkpoint, without a failure', async () => {
  const { id, pids } = await heldGang();
  const { guest } = await roles();
  assert.equal(await guest.stop(), 0);
  await gone([pids[1]!]);
  await releaseAll();
  await assertEnded(id);
  const { rows } = await strata.sql.query(
    `SELECT sum(failures)::int AS failures, sum(losses)::int AS losses FROM task WHERE job_id = $1`,
    [id],
  );
  assert.deepEqual(rows, [{ failures: 0, losses: 0 }]);
  assert.match(await strata.orders.from('stage-1', 2), /^sha256:/);
});

test('a paused gang makes one checkpoint, on the worker of its last trainer, and goes on from it', async () => {
  const { id } = await heldGang();
  await strata.client.jobs.pauseJob(id);
  await strata.event(id, 'job.paused');
  const { rows } = await strata.sql.query('SELECT count(*)::int AS count FROM checkpoint');
  assert.deepEqual([rows, await seats()], [[{ count: 1 }], 0]);
  await releaseAll();
  await strata.client.jobs.resumeJob(id);
  await assertEnded(id);
});

test('a job that is cancelled at once ends the trainers of both workers', async () => {
  const { id, pids } = await heldGang();
  await strata.client.jobs.cancelJob(id, { force: true });
  await strata.event(id, 'job.cancelled');
  await gone(pids);
});

test('two gangs on slots for one: neither waits for the other, and both end', async () => {
  const ids = await Promise.all(
    [0, 1].map(async () => (await strata.client.jobs.createJob(PIPELINE, {})).job.id),
  );
  for (const id of ids) {
    assert.equal((await strata.ended(id)).state, 'succeeded');
    assert.deepEqual(await repeatedTasks(strata, id), []);
    await assertEffectsOnce(strata, id);
  }
  assert.equal(await seats(), 0);
});
