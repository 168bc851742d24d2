import { setTimeout as delay } from 'node:timers/promises';
import { smallJob } from '../test/jobs/support/specs.js';
import type { Strata } from '../test/support/strata.js';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { cpuMsOf, postgresCpuMs } from './workers/cpu-time.js';
import { startCrowd } from './workers/crowd.js';
import type { HostFigures } from './workers/host.js';
import { startRoomyServers } from './workers/servers.js';

const SIZES = [1, 20, 100];
/** Jobs for each benchmark step: 300 with the default. */
const JOBS_PER_STEP = 10;
const IDLE_MS = 4_000;
const LOOK_MS = 200;
const MAX_MS = 180_000;
const POSTED_AT_ONCE = 8;

export const benchmark: Benchmark = {
  name: 'workers',
  title: `jobs of 13 tasks on ${SIZES.join(', ')} workers of the real protocol, whose trainers do nothing`,
  run,
};

interface Row {
  readonly workers: number;
  readonly jobs: number;
  readonly tasks: number;
  readonly seconds: number;
  readonly plannedPerSecond: number;
  /** Attempts beyond the first of each task. */
  readonly repeated: number;
  readonly connectionsPerWorker: number;
  readonly idleStatementsPerSecond: number;
  /** Statements of the workers, without those of an idle worker. */
  readonly statementsPerTask: number;
  readonly transactionsPerTask: number;
  readonly cpuMsPerTask: { readonly workers: number; readonly postgres: number; readonly dispatcher: number };
  readonly warnings: Readonly<Record<string, number>>;
}

async function run({ steps, say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const rows: Row[] = [];
  const servers = await startRoomyServers();
  try {
    for (const workers of SIZES) {
      const row = await measure(await servers.open(), workers, JOBS_PER_STEP * steps);
      rows.push(row);
      say(lineOf(row));
      if (Object.keys(row.warnings).length > 0) say(JSON.stringify(row.warnings));
    }
  } finally {
    await servers.stop();
  }
  return { lines: [HEAD, ...rows.map(lineOf), '', NOTE], figures: { rows } };
}

export async function measure(strata: Strata, workers: number, jobs: number): Promise<Row> {
  try {
    await postJobs(strata, jobs);
    const dispatcher = await strata.startDispatcher();
    const plannedIn = await secondsUntil(() => count(strata, 'job WHERE planned_at IS NULL', 0));
    const crowd = await startCrowd(strata, workers);
    try {
      await secondsUntil(() => count(strata, 'job WHERE finished_at IS NULL', jobs - 1, '<='));
      const before = await snapshot(strata, crowd, dispatcher.pid);
      const seconds = await secondsUntil(() => count(strata, 'job WHERE finished_at IS NULL', 0));
      const after = await snapshot(strata, crowd, dispatcher.pid);
      await delay(IDLE_MS);
      const idle = await snapshot(strata, crowd, dispatcher.pid);
      const idlePerSecond = (idle.statements - after.statements) / (IDLE_MS / 1000);
      const tasks = after.attempts - before.attempts;
      return {
        workers,
        jobs,
        tasks,
        seconds,
        plannedPerSecond: jobs / plannedIn,
        repeated: after.attempts - after.distinct,
        connectionsPerWorker: after.connections / workers,
        idleStatementsPerSecond: idlePerSecond,
        statementsPerTask: (after.statements - before.statements - idlePerSecond * seconds) / tasks,
        transactionsPerTask: (after.transactions - before.transactions) / tasks,
        cpuMsPerTask: {
          workers: (after.workersMs - before.workersMs) / tasks,
          postgres: (after.postgresMs - before.postgresMs) / tasks,
          dispatcher: (after.dispatcherMs - before.dispatcherMs) / tasks,
        },
        warnings: joined(await crowd.figures()),
      };
    } finally {
      await crowd.stop();
    }
  } finally {
    await strata.stop();
  }
}

async function postJobs({ client }: Strata, jobs: number): Promise<void> {
  for (let posted = 0; posted < jobs; posted += POSTED_AT_ONCE) {
    const some = Math.min(POSTED_AT_ONCE, jobs - posted);
    await Promise.all(Array.from({ length: some }, () => client.jobs.createJob(smallJob(), {})));
  }
}

/** @throws Error after three minutes */
async function secondsUntil(isDone: () => Promise<boolean>): Promise<number> {
  const start = performance.now();
  while (!(await isDone())) {
    if (performance.now() - start > MAX_MS) throw new Error('the jobs did not end in time');
    await delay(LOOK_MS);
  }
  return (performance.now() - start) / 1000;
}

async function count({ sql }: Strata, rows: string, wanted: number, how: '=' | '<=' = '='): Promise<boolean> {
  const { rows: found } = await sql.query<{ is: boolean }>(
    `SELECT count(*) ${how} ${wanted} AS is FROM ${rows}`,
  );
  return found[0]!.is;
}

async function snapshot(strata: Strata, crowd: { figures(): Promise<HostFigures[]> }, dispatcherPid: number) {
  const hosts = await crowd.figures();
  const { rows } = await strata.sql.query<{ transactions: number; connections: number }>(
    `SELECT (xact_commit + xact_rollback)::int AS transactions,
       (SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database()) AS connections
     FROM pg_stat_database WHERE datname = current_database()`,
  );
  const total = (of: (host: HostFigures) => number) => hosts.reduce((sum, host) => sum + of(host), 0);
  const tasks = hosts.map(({ attempts }) => attempts);
  return {
    ...rows[0]!,
    attempts: tasks.flatMap(Object.values<number>).reduce((sum, n) => sum + n, 0),
    distinct: new Set(tasks.flatMap(Object.keys)).size,
    statements: total(({ statements }) => statements),
    workersMs: total(({ cpuMs }) => cpuMs),
    postgresMs: await postgresCpuMs(strata.sql),
    dispatcherMs: cpuMsOf(dispatcherPid),
  };
}

function joined(hosts: readonly HostFigures[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const { warnings } of hosts)
    for (const [warning, times] of Object.entries(warnings)) all[warning] = (all[warning] ?? 0) + times;
  return all;
}

const HEAD =
  'workers   tasks   tasks/s   repeated   jobs planned/s   connections a worker   statements a task   transactions a task   CPU ms a task: workers, Postgres, dispatcher';

const NOTE =
  'Everything runs on the same cores. Statements are those of the workers, without the ones of an idle worker; connections include those of the dispatcher.';

export function lineOf(row: Row): string {
  const { workers, tasks, seconds, cpuMsPerTask: cpu } = row;
  return [
    String(workers).padStart(7),
    String(tasks).padStart(8),
    (tasks / seconds).toFixed(1).padStart(10),
    String(row.repeated).padStart(11),
    row.plannedPerSecond.toFixed(0).padStart(17),
    row.connectionsPerWorker.toFixed(1).padStart(23),
    row.statementsPerTask.toFixed(1).padStart(20),
    row.transactionsPerTask.toFixed(1).padStart(22),
    `${cpu.workers.toFixed(1)}, ${cpu.postgres.toFixed(1)}, ${cpu.dispatcher.toFixed(1)}`.padStart(47),
  ].join('');
}
