import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { FieldDef } from 'pg';
import * as aliases from '../../../src/jobs/store/aliases.js';
import { findAttemptEvents } from '../../../src/jobs/store/attempt-events.js';
import * as batchParts from '../../../src/jobs/store/batch-parts.js';
import * as batches from '../../../src/jobs/store/batch-predictions.js';
import * as claims from '../../../src/jobs/store/claims.js';
import { COLUMNS } from '../../../src/jobs/store/columns.js';
import { databaseNow } from '../../../src/jobs/store/connection/clock.js';
import { type Column, int, orNull, text, time } from '../../../src/jobs/store/connection/column.js';
import type { Database } from '../../../src/jobs/store/connection/database.js';
import { PREPARED } from '../../../src/jobs/store/connection/prepared.js';
import { readerOf, STATEMENTS } from '../../../src/jobs/store/connection/row-reader.js';
import * as imports from '../../../src/jobs/store/dataset-imports.js';
import * as datasets from '../../../src/jobs/store/datasets.js';
import * as dueJobs from '../../../src/jobs/store/due-jobs.js';
import * as evaluationParts from '../../../src/jobs/store/evaluation-parts.js';
import * as evaluations from '../../../src/jobs/store/evaluations.js';
import * as events from '../../../src/jobs/store/events.js';
import * as jobList from '../../../src/jobs/store/job-list.js';
import * as jobs from '../../../src/jobs/store/jobs.js';
import * as metrics from '../../../src/jobs/store/metrics.js';
import '../../../src/jobs/store/inputs-ahead.js';
import '../../../src/jobs/store/job-curves.js';
import '../../../src/jobs/store/tenant-events.js';
import '../../../src/jobs/store/thin-metrics.js';
import * as seats from '../../../src/jobs/store/gang-seats.js';
import { claimPush } from '../../../src/jobs/store/model-pushes.js';
import * as tags from '../../../src/jobs/store/model-tags.js';
import * as models from '../../../src/jobs/store/models.js';
import * as profiles from '../../../src/jobs/store/profiles.js';
import * as promotions from '../../../src/jobs/store/promotions.js';
import * as references from '../../../src/jobs/store/references.js';
import * as runtimes from '../../../src/jobs/store/runtimes.js';
import { readServiceFigures } from '../../../src/jobs/store/service-figures.js';
import * as trials from '../../../src/jobs/store/sweep-trials.js';
import * as sweeps from '../../../src/jobs/store/sweeps.js';
import * as taskCuts from '../../../src/jobs/store/task-cuts.js';
import * as taskSeconds from '../../../src/jobs/store/task-seconds.js';
import { endSucceeded } from '../../../src/jobs/store/task-successes.js';
import * as tasks from '../../../src/jobs/store/tasks.js';
import * as tenantBytes from '../../../src/jobs/store/tenant-bytes.js';
import { claimExport } from '../../../src/jobs/store/tracker-exports.js';
import { uploadTurns } from '../../../src/jobs/store/upload-turns.js';
import { readJobUsage } from '../../../src/jobs/store/usage.js';
import { claimDelivery } from '../../../src/jobs/store/webhook-deliveries.js';
import { ROOT } from '../../../src/service/root.js';
import { Strata } from '../../support/strata.js';
import { RUNTIME } from '../support/runtime.js';
import { resolved } from '../support/specs.js';

let strata: Strata;
before(async () => {
  strata = await Strata.start();
});
after(() => strata.stop());

/** Values of prepared statements that cannot run with nulls. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  'report-worker': ['worker_1', 'here', 1, '[]', '[]', '{}', null, null],
};

interface Asked {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Statements that `readerOf` reads elsewhere than in Prisma: the first row of each is checked whenever a process starts. */
const AT_START = ['applied-migrations', 'clock-of-ids', 'heartbeat-age', 'server-version', 'time-zone'];

/** Nulls that a statement excludes, or that an outer join or a subquery adds. */
const KNOWN_NULLS: Readonly<Record<string, string>> = {
  'timed-tasks.seconds': 'the statement asks for those with a time',
  'timed-tasks.device': 'a task that succeeded ran on a device',
  'trained-tasks.device': 'a task that succeeded ran on a device',
  'trained-tasks.startedAt': 'a task that succeeded has started',
  'trained-tasks.finishedAt': 'a task that succeeded has finished',
  'taken-seats.workerId': 'the statement asks for seats that are taken',
  'taken-seats.device': 'the statement asks for seats that are taken',
  'observe-runs.jobState': 'the job may be deleted: the statement joins it from the left',
};

/** The SQL of every statement that a store function sends, by its name. No database answers. */
async function statementsOf(): Promise<ReadonlyMap<string, Asked>> {
  const asked = new Map<string, Asked>();
  const answers: Readonly<Record<string, readonly object[]>> = { 'next-in-turn': [{ id: 'none' }] };
  const stub = {
    $queryRaw: async (sql: Asked) => {
      const name = /\/\* (\S+) \*\/$/.exec(sql.text)?.[1] ?? '';
      asked.set(name, sql);
      return answers[name] ?? [];
    },
    $executeRaw: async () => 0,
    dataset: { findFirst: async () => null },
    job: { findMany: async () => [] },
  };
  const db = stub as unknown as Database;
  const fence = { id: 'none', attempt: 1 };
  const claimer = { workerId: 'worker_1', device: 'cpu:0', bfloat16: false };
  const filter = { names: ['loss'], stage: 0, fromStep: 1, toStep: 2 };
  const list = {
    tenant: 'default',
    orderBy: 'created_at',
    after: null,
    limit: 1,
    states: null,
    metadata: { team: 'vision' },
    datasetId: 'mnist',
    sweepId: 'none',
    createdAfter: new Date(),
    createdBefore: new Date(),
    isArchived: false,
    q: 'word',
  } as const;
  const query = { tenant: 'default', orderBy: 'accuracy', after: null, limit: 1, metadata: {} } as const;
  const everything: readonly (() => Promise<unknown>)[] = [
    () => claims.claimBarely(db, 'none', claimer, 1),
    () => databaseNow(db),
    () => aliases.findNames(db, 'default', null, 1),
    () => aliases.findHeldAliases(db, 'default', ['none']),
    () => aliases.readAlias(db, { tenant: 'default', modelName: 'none', alias: 'none' }),
    () => promotions.lockPromotion(db, 'default', 'none'),
    () => evaluationParts.claimPart(db, 'worker_1', 1),
    () => evaluationParts.countPart(db, 'none'),
    () => evaluations.lockUnfinished(db, 'none'),
    () => batchParts.claimBatchPart(db, 'worker_1', 1),
    () => batchParts.countBatchPart(db, 'none', { count: 1, failed: 0, byCompact: 0, sizeBytes: 1 }),
    () => batches.lockUnfinishedBatch(db, 'none'),
    () => imports.claimImport(db, 'worker_1', 'fetch', 1),
    () => datasets.lockDataset(db, 'default', 'none'),
    () => findAttemptEvents(db, 'none'),
    () => events.appendEvents(db, 'none', { type: 'job.queued', message: 'none' }),
    () => jobList.findJobs(db, { ...list, states: ['failed', 'queued'] }),
    () => jobList.findJobs({ ...db, $queryRaw: rarely(stub.$queryRaw) } as Database, list),
    () => jobList.findJobs(db, { ...list, orderBy: 'accuracy' }),
    () => jobs.lockJob(db, 'none'),
    () => dueJobs.overtimeJobs(db, '', 1),
    () => dueJobs.jobsWithSpentBudget(db, '', 1),
    () => taskCuts.lastTrainedRound(db, 'none').catch(() => null),
    () => dueJobs.overlongQueuedJobs(db, '', 1),
    () => dueJobs.unplannedJobs(db, '', 1),
    () => dueJobs.lockUnplannedJobs(db, ['none']),
    () => dueJobs.stoppingJobs(db, '', 1),
    () => dueJobs.endedJobsWithSpool(db, '', 1),
    () => jobs.waitingForHosts(db),
    () => jobs.progressOf(db, ['none']),
    () => metrics.writtenMetrics(db, 'none', { ...filter, since: new Date() }, 10),
    () => metrics.curveEnds(db, 'none'),
    () => metrics.streamPoints(db, 'none', filter).next(),
    () => tags.takeTags(db, { id: 'none', tenant: 'default', name: 'none' }),
    () => models.lockModel(db, 'default', 'none'),
    () => models.completeModel(db, { id: 'none', jobId: 'none', tenant: 'default', states: new Map() }),
    () => models.findModels(db, { ...query, name: null, dataset: null, tag: null, minAccuracy: null }),
    () => seats.countPossibleGuests(db, { workerId: 'none', jobId: 'none', runtime: RUNTIME }),
    () => seats.findFreeSeat(db, 'none', RUNTIME),
    () =>
      seats.claimSeat(db, 'none', { workerId: 'none', device: 'cpu:0', address: { host: 'a', port: 1 } }, 1),
    () => seats.findTakenSeats(db, fence),
    () => seats.findAssignment(db, fence),
    () => seats.findSeats(db, fence),
    () => profiles.claimProfile(db, 'none', 'cpu:0', 1),
    () => references.garbageHorizon(db, 1),
    () => references.readHeldReferences(db),
    () => references.findUnlistedManifests(db, '', 1),
    () => references.referencesAmong(db, [`sha256:${'0'.repeat(64)}`]),
    () => readServiceFigures(db),
    () => readJobUsage(db, 'none').catch(() => null),
    () => taskSeconds.findTimedTasks(db, 'default', 'none', resolved()),
    () => taskSeconds.findTrainedTasks(db, 'none'),
    () => endSucceeded(db, fence, { outputs: {}, result: {}, seconds: {}, warnings: [], artifacts: [] }),
    () => tasks.findProducer(db, fence, 'dataset'),
    () => tenantBytes.readTenantBytes(db, 'default'),
    () => tenantBytes.readStoredBytes(db, 'none'),
    () => uploadTurns(db).take('none', 'nobody'),
    () => uploadTurns(db).keep('none', 'nobody'),
    () => uploadTurns(db).findActive(1),
    () => tasks.expiredTasks(db, '', 1),
    () => tasks.consumedSpools(db, '', 1),
    () => taskCuts.dropTasks(db, 'none', ['stage-0-1']),
    () => taskCuts.valuesOfEvaluations(db, 'none', 'validation_accuracy'),
    () => claimExport(db, 1),
    () => claimPush(db, 1),
    () => metrics.pointsSince(db, '', [], 1),
    () => claimDelivery(db, 1),
    () => runtimes.trainedIn(db, 'none'),
    () => sweeps.unfinishedSweeps(db, '', 1),
    () => sweeps.lockSweep(db, 'none'),
    () => trials.findRuns(db, ['none']),
    () => trials.observeRuns(db, 'none', 'validation_accuracy'),
    () => trials.valuesAtRounds(db, 'none', 'validation_accuracy'),
    () => trials.insertJobOfRun(db, 'none', { number: 0, repeat: 0 }, 'job'),
  ];
  // A function that cannot work without a row still has sent its statement.
  for (const ask of everything) await ask().catch(() => undefined);
  return asked;
}

/** Answers the question for the rarest label, so that the question behind it is asked. */
function rarely(answer: (sql: Asked) => Promise<readonly object[]>) {
  return async (sql: Asked) => {
    const rows = await answer(sql);
    return sql.text.includes('rarest-label') ? [{ label: 1n }] : rows;
  };
}

/** Columns that Postgres returns for a statement, which changes nothing. */
async function fieldsOf({ text, values }: Asked): Promise<FieldDef[]> {
  const client = await strata.sql.connect();
  try {
    await client.query('BEGIN');
    return (await client.query(text, [...values])).fields;
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

async function typeName(oid: number): Promise<string> {
  const { rows } = await strata.sql.query('SELECT format_type($1::oid, NULL) AS name', [oid]);
  const LONG: Readonly<Record<string, string>> = {
    integer: 'int4',
    bigint: 'int8',
    'double precision': 'float8',
    boolean: 'bool',
    'timestamp with time zone': 'timestamptz',
  };
  return LONG[rows[0].name] ?? rows[0].name;
}

/** Whether the column of a table may be null; undefined for an expression. */
async function mayBeNull({ tableID, columnID }: FieldDef): Promise<boolean | undefined> {
  if (tableID === 0) return undefined;
  const { rows } = await strata.sql.query(
    'SELECT attnotnull FROM pg_attribute WHERE attrelid = $1::oid AND attnum = $2',
    [tableID, columnID],
  );
  return !rows[0].attnotnull;
}

/** Differences between the columns that a statement returns and those of its reader. */
async function faultsOf(
  name: string,
  columns: Readonly<Record<string, Column<unknown>>>,
  asked: Asked,
): Promise<string[]> {
  const fields = await fieldsOf(asked);
  const names = fields.map((field) => field.name);
  const faults = Object.keys(columns)
    .filter((column) => !names.includes(column))
    .map((column) => `${name} returns no ${column}`);
  for (const field of fields) {
    const column = columns[field.name];
    const at = `${name}.${field.name}`;
    if (column === undefined) {
      faults.push(`${at} has no reader`);
      continue;
    }
    const type = await typeName(field.dataTypeID);
    if (!column.types.some((known) => known === type)) faults.push(`${at} is ${type}`);
    const nullable = await mayBeNull(field);
    if (nullable !== undefined && nullable !== column.nullable && KNOWN_NULLS[at] === undefined)
      faults.push(`${at} ${nullable ? 'may' : 'cannot'} be null`);
  }
  return faults;
}

test('every raw statement returns the columns of its reader, with their types and nulls', async (t) => {
  const asked = await statementsOf();
  const faults: string[] = [];
  for (const [name, columns] of STATEMENTS) {
    if (AT_START.includes(name)) continue;
    const text = PREPARED.get(name);
    const parameters = Math.max(0, ...[...(text ?? '').matchAll(/\$(\d+)/g)].map(([, n]) => Number(n)));
    const values = VALUES[name] ?? Array.from({ length: parameters }, () => null);
    const sql = text === undefined ? asked.get(name) : { text, values };
    if (sql === undefined) faults.push(`${name} is asked by no function of this test`);
    else faults.push(...(await faultsOf(name, columns, sql)));
  }
  assert.deepEqual(faults, []);
  t.diagnostic(`${STATEMENTS.size} statements, ${PREPARED.size} of them prepared`);
});

test('a renamed, missing, retyped or nullable column is found', async () => {
  const sql = { text: 'SELECT id, stop_as AS "stopAs", priority FROM job', values: [] };
  const right = { id: text, stopAs: COLUMNS.job.stopAs, priority: int };
  assert.deepEqual(await faultsOf('sample', right, sql), []);
  const { priority, ...rest } = right;
  const wrong: readonly [Readonly<Record<string, Column<unknown>>>, string[]][] = [
    [{ ...rest, rank: priority }, ['sample returns no rank', 'sample.priority has no reader']],
    [rest, ['sample.priority has no reader']],
    [{ ...right, priority: time }, ['sample.priority is int4']],
    [{ ...right, stopAs: text }, ['sample.stopAs may be null']],
    [{ ...right, id: orNull(text) }, ['sample.id cannot be null']],
  ];
  for (const [columns, faults] of wrong) assert.deepEqual(await faultsOf('sample', columns, sql), faults);
});

test('the columns of tables may be null where their readers say so', async () => {
  const faults: string[] = [];
  for (const [table, columns] of Object.entries(COLUMNS)) {
    const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const names = Object.keys(columns).map((name) => `${snake(name)} AS "${name}"`);
    const sql = { text: `SELECT ${names.join(', ')} FROM ${snake(table)}`, values: [] };
    faults.push(...(await faultsOf(table, columns, sql)));
  }
  assert.deepEqual(faults, []);
});

test('the first row that differs from its reader is refused by name, and not read as undefined', () => {
  const read = readerOf('test-only', { id: text, replica: orNull(int) });
  assert.deepEqual(read([]), []);
  const refused = (row: object, message: RegExp) => assert.throws(() => read([row]), message);
  refused({ id: 'a', replicaNumber: 1 }, /statement test-only .* columns without a reader: replicaNumber/);
  refused({ id: 'a' }, /lacks the column replica/);
  refused({ id: null, replica: 1 }, /id is no text/);
  refused({ id: 'a', replica: 1n }, /replica is no number/);
  const rows = [{ id: 'a', replica: null }];
  assert.equal(read(rows), rows);
  assert.throws(() => readerOf('test-only', {}), /two statements test-only/);
});

test('no row is read past a reader: raw queries stand in the folder of the connection only', () => {
  const files = execFileSync('git', ['ls-files', 'src/**/*.ts'], { cwd: ROOT, encoding: 'utf8' })
    .trim()
    .split('\n');
  const raw = files.filter((file) => {
    if (file.startsWith('src/jobs/store/connection/')) return false;
    return /\$queryRaw|pool\.query/.test(readFileSync(join(ROOT, file), 'utf8'));
  });
  assert.deepEqual(raw, []);
});
