import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { type Duty, startDuties } from '../../../src/jobs/dispatcher/duties.js';
import { eachRow } from '../../../src/jobs/dispatcher/each-row.js';
import { planJobs, settleStoppingJobs } from '../../../src/jobs/dispatcher/reconcile.js';
import { openDatabase } from '../../../src/jobs/store/connection/database.js';
import { Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

const HOUR_MS = 3_600_000;
const idOf = (n: number) => String(n).padStart(4, '0');
const rows = (count: number) => Array.from({ length: count }, (_, n) => ({ id: idOf(n) }));
/** As a table answers: rows after an id, in the order of ids. */
const pagesOf = (all: readonly { readonly id: string }[]) => async (after: string, limit: number) =>
  all.filter(({ id }) => id > after).slice(0, limit);

test('rows that fail, even a whole page of them, keep no other row waiting, and are all named at the end', async () => {
  const handled: string[] = [];
  const look = eachRow(pagesOf(rows(250)), async ({ id }) => {
    if (id < idOf(120)) throw new Error(`bad row ${id}`);
    handled.push(id);
  });
  await assert.rejects(look, (error: AggregateError) => {
    assert.equal(error.message, '120 rows failed, the first with: bad row 0000');
    return error.errors.length === 120;
  });
  assert.equal(handled.length, 130);
});

test('a database that does not answer ends the look at its first row', async () => {
  const away = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
  let handled = 0;
  const look = eachRow(pagesOf(rows(250)), async () => {
    handled++;
    throw away;
  });
  await assert.rejects(look, away);
  assert.equal(handled, 1);
});

/** Resolves when `times` runs of a duty have ended. */
function duty(name: string, nudgedBy: Duty['nudgedBy'], run: () => Promise<void>) {
  const ends = new EventEmitter();
  let runs = 0;
  return {
    name,
    intervalMs: HOUR_MS,
    nudgedBy,
    run: () =>
      run().finally(() => {
        runs++;
        // After the loop has noted how the run ended.
        setImmediate(() => ends.emit('end'));
      }),
    ended: () => once(ends, 'end'),
    get runs() {
      return runs;
    },
  };
}

test('a duty that fails is logged once and counted at each run, one that hangs runs on, and the others go on', async () => {
  const logged: unknown[] = [];
  const log = { info: () => undefined, warn: () => undefined, error: (about: unknown) => logged.push(about) };
  const failing = duty('failing', 'changes', () => Promise.reject(new Error('a bad row')));
  const hanging = { ...duty('hanging', 'changes', async () => undefined), run: () => released };
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const good = duty('good', 'changes', async () => undefined);
  const first = Promise.all([failing.ended(), good.ended()]);
  const duties = startDuties([failing, hanging, good], log as never);
  await first;
  const second = Promise.all([failing.ended(), good.ended()]);
  duties.nudge('');
  await second;
  const reports = new Map(duties.reports().map((report) => [report.name, report]));
  assert.deepEqual(
    [reports.get('failing')?.failures, reports.get('failing')?.ageS, reports.get('good')?.failures],
    [2, null, 0],
  );
  assert.ok(reports.get('good')!.ageS !== null);
  assert.deepEqual(
    logged.map((about) => (about as { duty: string }).duty),
    ['failing'],
  );
  release();
  await duties.stop();
});

test('a nudge wakes the duties it concerns', async () => {
  const all = (['ready', 'changes', 'time'] as const).map((by) => duty(by, by, async () => undefined));
  const first = Promise.all(all.map(({ ended }) => ended()));
  const duties = startDuties(all, console);
  await first;
  const ready = all[0]!.ended();
  duties.nudge('ready');
  await ready;
  assert.deepEqual(
    all.map(({ runs }) => runs),
    [2, 1, 1],
  );
  const both = Promise.all([all[0]!.ended(), all[1]!.ended()]);
  duties.nudge('');
  await both;
  await duties.stop();
  assert.deepEqual(
    all.map(({ runs }) => runs),
    [3, 2, 1],
  );
});

test('a job that cannot be planned or ended holds up no later job', async (t) => {
  const strata = await Strata.start();
  const db = await openDatabase(strata.servers.databaseUrl);
  t.after(async () => {
    await db.$disconnect();
    await strata.stop();
  });
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const create = async () => (await strata.client.jobs.createJob(smallJob(), {})).job.id;
  const [bad, good] = [await create(), await create()];
  // Its plan has a task of this key too, which a job has once.
  await strata.sql.query(
    `INSERT INTO task (id, job_id, key, position, kind, state, waiting, inputs, weight)
     VALUES ('task_of_bad', $1, 'prepare', 0, 'prepare', 'waiting', 1, '{}', 1)`,
    [bad],
  );
  await assert.rejects(planJobs(db, log), /^AggregateError: 1 rows failed/);
  const planned = async (id: string) =>
    (await db.job.findUniqueOrThrow({ where: { id } })).plannedAt !== null;
  assert.deepEqual([await planned(bad), await planned(good)], [false, true]);
  await strata.sql.query(`UPDATE job SET stop_as = 'cancelled' WHERE id = $1`, [good]);
  await strata.sql.query(`UPDATE job SET stop_as = 'no state' WHERE id = $1`, [bad]);
  await assert.rejects(settleStoppingJobs(db), /^AggregateError: 1 rows failed/);
  assert.deepEqual(
    [(await strata.client.jobs.getJob(bad))?.state, (await strata.client.jobs.getJob(good))?.state],
    ['queued', 'cancelled'],
  );
});
