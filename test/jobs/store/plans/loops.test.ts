import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fillTables, idOf } from '../../../../bench/api/tables.js';
import { fillHistory } from '../../../../bench/loops/history.js';
import { dutiesOf, looksOf } from '../../../../bench/loops/looks.js';
import { claim, claimNext } from '../../../../src/jobs/lifecycle/claim.js';
import { recordReport } from '../../../../src/jobs/lifecycle/report.js';
import { openTaskQueue, type TaskQueue } from '../../../../src/jobs/queue/queue.js';
import type { Database } from '../../../../src/jobs/store/connection/database.js';
import { findProducer } from '../../../../src/jobs/store/tasks.js';
import type { Strata } from '../../../support/strata.js';
import { smallJob } from '../../support/specs.js';
import { useStore } from '../../support/store.js';
import { blocksOf, largeTables, MAX_BLOCKS, scannedTables, sentBy } from './statements.js';

// npm run bench -- loops times the same on a million jobs; here it is the plans that count.
const SIZES = { jobs: 20_000, tasksPerJob: 4, every: 4 };
const LARGE_ROWS = 2_000;

let strata: Strata;
let db: Database;
let queue: TaskQueue;
// Before the servers stop: hooks run in the order in which they are registered.
after(() => queue.close());
useStore(async (store) => {
  ({ strata, db } = store);
  const { databaseUrl, redisUrl } = strata.servers;
  queue = openTaskQueue(redisUrl, () => undefined);
  await strata.client.jobs.createJob(smallJob(), {});
  await fillTables(databaseUrl, { jobs: SIZES.jobs, measured: 20, points: 400 });
  await fillHistory(databaseUrl, SIZES);
});

const claimer = { workerId: 'worker_1', device: 'cpu:0', bfloat16: true };

async function assertNoScan(what: string, ask: () => Promise<unknown>): Promise<void> {
  const large = await largeTables(strata.sql, LARGE_ROWS);
  const statements = await sentBy(ask);
  assert.ok(statements.length > 0, `${what} asks Postgres something`);
  for (const statement of statements) {
    const scanned = (await scannedTables(strata.sql, statement)).filter((table) => large.includes(table));
    assert.deepEqual(scanned, [], `${what} reads whole tables: ${statement.text}`);
    const blocks = await blocksOf(strata.sql, statement);
    assert.ok(blocks <= MAX_BLOCKS, `${what} touches ${blocks} blocks: ${statement.text}`);
  }
}

test('the tables are large', async () => {
  const large = await largeTables(strata.sql, LARGE_ROWS);
  // Rows of what waits or runs now.
  const small = [
    '_prisma_migrations',
    'worker',
    'dispatcher',
    // Seats of rounds that are under way.
    'gang_seat',
    'dataset_import',
    'model_tag',
    'turn',
    'upload',
    // Parts of evaluations that have not ended.
    'evaluation_part',
    // A tenant has few, and each is asked for by its key.
    'alias_rule',
    // A tenant has few; each look asks for one of them by its id.
    'sweep',
    'sweep_trial',
    // The store of the service.
    'blob_store',
    // These series are short; long ones have a seventh as many rows as points.
    'metric_level',
  ];
  const { rows } = await strata.sql.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
  );
  const expected = rows.map(({ name }) => name).filter((name) => !small.includes(name));
  assert.deepEqual(
    expected.filter((name) => !large.includes(name)),
    [],
  );
});

/** Something to do for every duty, so that what it does about a row is asked as well. */
async function makeWork(): Promise<void> {
  const create = async () => (await strata.client.jobs.createJob(smallJob(), {})).job.id;
  const { sql } = strata;
  await strata.service
    .forTenant('ours')
    .webhooks.createWebhook({ url: 'https://localhost/', events: ['job.queued'] });
  const [expired, pending, stopping] = [await create(), await create(), await create()];
  await planned();
  const taken = await claimNext(db, claimer);
  const taskId = taken?.kind === 'task' ? taken.task.id : assert.fail('a task is ready');
  await sql.query(`UPDATE task SET lease_until = now() - interval '1 s' WHERE id = $1`, [taskId]);
  await sql.query(`UPDATE job SET spec = spec || '{"max_runtime_s": 0}' WHERE id = $1`, [expired]);
  await sql.query(
    `UPDATE job SET spec = spec || '{"max_pending_s": 0}', queued_at = now() - interval '1 s' WHERE id = $1`,
    [pending],
  );
  await sql.query(`UPDATE job SET stop_as = 'cancelled' WHERE id = $1`, [stopping]);
  await sql.query(`UPDATE job SET spool_deleted_at = NULL WHERE id = $1`, [idOf(1)]);
  await sql.query(`UPDATE task SET has_spool = true WHERE job_id = $1`, [idOf(2)]);
  await sql.query(`UPDATE job SET finished_at = now() - interval '31 days' WHERE id = $1`, [idOf(3)]);
  await sql.query(
    `UPDATE webhook_delivery SET state = 'pending', due_at = now() - make_interval(secs => 1) WHERE id = $1`,
    [idOf(SIZES.every).replace('job', 'delivery')],
  );
  await sql.query(
    `UPDATE tracker_export SET state = 'pending', due_at = now() - make_interval(secs => 1) WHERE id = $1`,
    [idOf(SIZES.every).replace('job', 'tracker')],
  );
  await sql.query(
    `UPDATE model_push SET state = 'pending', due_at = now() - make_interval(secs => 1) WHERE id = $1`,
    [idOf(SIZES.every).replace('job', 'push')],
  );
  await strata.blobs.put(new TextEncoder().encode('garbage'));
  await create();
}

function duties() {
  const { servers, blobs } = strata;
  return dutiesOf({ db, queue, blobs, home: servers.home, jobId: idOf(1) });
}

const planned = () =>
  duties()
    .find(({ name }) => name === 'plans')!
    .run();

test('no duty of the dispatcher reads a large table whole', async (t) => {
  await makeWork();
  for (const { name, run } of duties()) {
    if (name === 'uploads') continue;
    await t.test(name, () => assertNoScan(name, run));
  }
});

test('no loop of a dispatcher, a worker or the API reads a large table whole when there is nothing to do', async (t) => {
  const { servers, blobs } = strata;
  for (const [name, look] of looksOf({ db, queue, blobs, home: servers.home, jobId: idOf(SIZES.every) })) {
    // It looks at folders first, and at tables for what it finds there.
    if (name !== 'dispatcher: uploads') await t.test(name, () => assertNoScan(name, look));
  }
});

/** Postgres plans a statement anew this many times before it decides on the plan to keep. */
const PLANNED_ANEW = 5;

test('Postgres keeps the plan of every look of a dispatcher and a worker, which costs more than the look', async () => {
  const { servers, blobs } = strata;
  const looks = looksOf({ db, queue, blobs, home: servers.home, jobId: idOf(SIZES.every) });
  for (const [name, look] of looks.filter(([name]) => !name.startsWith('api'))) {
    for (let n = 0; n < 2 * PLANNED_ANEW; n++) await look();
    // Prisma reads the row of a key with an offset that Postgres cannot know, so it plans that anew: a short plan, for one job
    // each time, not for each look.
    const { rows } = await db.pool.query<{ statement: string }>(
      `SELECT statement FROM pg_prepared_statements
       WHERE custom_plans > $1 AND generic_plans = 0 AND statement NOT LIKE '%"id" = $1 AND 1=1) LIMIT $2 OFFSET $3'`,
      [PLANNED_ANEW],
    );
    assert.deepEqual(rows, [], name);
  }
});

test('statements of a worker about its task read no large table whole', async () => {
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  await planned();
  const ready = await db.task.findFirstOrThrow({ where: { jobId: job.id, state: 'ready' } });
  const { task } = (await claim(db, ready.id, claimer))!;
  const at = { name: 'loss', stage: null, step: 1, value: 1 };
  const uri = `sha256:${'c'.repeat(64)}` as const;
  const checkpoint = { uri, size_bytes: 1, step: 1, share: 0.5 };
  await assertNoScan('a report', () => recordReport(db, task, { progress: 0.5, samples: [at], checkpoint }));
  await assertNoScan('the task that made an input', () =>
    db.$transaction((tx) => findProducer(tx, task, 'dataset')),
  );
});

test('an index leads from every row to the rows that refer to it', async () => {
  // A row that is deleted takes those along, or is kept by them: without an index each is looked for in a whole table.
  const { rows } = await strata.sql.query<{ key: string }>(
    `SELECT conname AS key FROM pg_constraint
     WHERE contype = 'f' AND NOT EXISTS (
       SELECT FROM pg_index WHERE indrelid = conrelid AND indpred IS NULL
         AND (string_to_array(indkey::text, ' ')::int2[])[1:cardinality(conkey)] = conkey)`,
  );
  assert.deepEqual(rows, []);
});
