import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { smallJob } from '../test/jobs/support/specs.js';
import type { Pooler } from '../test/support/pooler.js';
import type { Strata } from '../test/support/strata.js';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { cpuMsOf, postgresCpuMs } from './workers/cpu-time.js';
import { type Crowd, startCrowd } from './workers/crowd.js';
import type { HostFigures } from './workers/host.js';
import { startRoomyServers } from './workers/servers.js';

/** Workers, and jobs of 13 tasks for each benchmark step: 30 steps by default. */
export const SIZES = [
  { workers: 1, jobsPerStep: 2, isShared: false },
  { workers: 20, jobsPerStep: 8, isShared: false },
  { workers: 100, jobsPerStep: 10, isShared: true },
  { workers: 500, jobsPerStep: 20, isShared: true },
  { workers: 1_000, jobsPerStep: 35, isShared: true },
];
/** Workers whose tasks take some seconds, so that all of them can be at work. */
const BUSY = { workers: 100, seconds: 2, jobsPerStep: 5, isShared: true };
const BUSY_MS = 20_000;
const IDLE_MS = 4_000;
/** Rare enough: each look counts all tasks. */
const LOOK_MS = 500;
/** A row that is not through after this time says what it has done. */
const MAX_MS = 150_000;
/** Part of the tasks over which the rate is taken: later, fewer are ready than there are workers. */
const MEASURED = 0.9;
const POSTED_AT_ONCE = 8;
/** Names of the jobs: models of one name get their numbers one after another. */
const PROJECTS = 50;

/** The benchmark of many workers (also workers-pooled.bench.ts). */
export const benchmark: Benchmark = {
  name: 'workers',
  title: `jobs of 13 tasks on ${SIZES.map(({ workers }) => workers).join(', ')} workers of the real protocol, whose trainers do nothing`,
  run,
};

export interface Row {
  readonly workers: number;
  /** Tasks over which the rate was taken. */
  readonly tasks: number;
  readonly seconds: number;
  readonly plannedPerSecond: number;
  /** Attempts beyond the first of each task. */
  readonly repeated: number;
  /** Tasks that have not succeeded when all should have. */
  readonly lost: number;
  readonly connections: number;
  readonly idleStatementsPerSecond: number;
  readonly idleCores: number;
  /** Statements of the workers, without those of an idle worker. */
  readonly statementsPerTask: number;
  readonly transactionsPerTask: number;
  readonly cpuMsPerTask: Readonly<Record<'workers' | 'postgres' | 'dispatcher' | 'redis' | 'pooler', number>>;
  readonly warnings: Readonly<Record<string, number>>;
}

async function run({ steps, say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const rows: Row[] = [];
  const servers = await startRoomyServers();
  say(HEAD);
  try {
    for (const { jobsPerStep, ...size } of SIZES) {
      const row = await measure(await servers.open(), size, jobsPerStep * steps);
      rows.push(row);
      say(lineOf(row));
      if (Object.keys(row.warnings).length > 0) say(JSON.stringify(row.warnings));
    }
    const { jobsPerStep, ...size } = BUSY;
    const busy = await measureBusy(await servers.open(), size, jobsPerStep * steps);
    const lines = [HEAD, ...rows.map(lineOf), '', NOTE, '', busy.line];
    return { lines, figures: { rows, busy } };
  } finally {
    await servers.stop();
  }
}

interface Size {
  readonly workers: number;
  readonly isShared: boolean;
}

export async function measure(
  strata: Strata,
  size: Size,
  jobs: number,
  pooler: Pick<Pooler, 'url' | 'pid'> | null = null,
): Promise<Row> {
  const { workers } = size;
  const environment: Readonly<Record<string, string>> = pooler
    ? { DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: strata.servers.databaseUrl }
    : {};
  const pids = { dispatcher: 0, pooler: pooler?.pid ?? null };
  try {
    pids.dispatcher = (await strata.startDispatcher(environment)).pid;
    const plannedPerSecond = await plan(strata, jobs);
    const { all } = await tasksOf(strata);
    const crowd = await startCrowd(strata, { ...size, seconds: 0, environment });
    try {
      const began = await snapshot(strata, crowd, pids);
      await delay(IDLE_MS);
      const before = await snapshot(strata, crowd, pids);
      const idlePerSecond = (before.statements - began.statements) / (IDLE_MS / 1000);
      await letBegin(strata);
      const seconds = await secondsUntil(async () => (await tasksOf(strata)).ended >= MEASURED * all);
      const after = await snapshot(strata, crowd, pids);
      await secondsUntil(async () => (await tasksOf(strata)).ended >= all);
      const end = await snapshot(strata, crowd, pids);
      const tasks = after.attempts - before.attempts;
      const perTask = (of: (of: Snapshot) => number) => (of(after) - of(before)) / tasks;
      return {
        workers,
        tasks,
        seconds,
        plannedPerSecond,
        repeated: end.attempts - end.distinct,
        lost: all - (await tasksOf(strata)).ended,
        connections: after.connections,
        idleStatementsPerSecond: idlePerSecond,
        idleCores: (busyMs(before) - busyMs(began)) / IDLE_MS,
        statementsPerTask: perTask(({ statements }) => statements) - (idlePerSecond * seconds) / tasks,
        transactionsPerTask: perTask(({ transactions }) => transactions),
        cpuMsPerTask: {
          workers: perTask(({ workersMs }) => workersMs),
          postgres: perTask(({ postgresMs }) => postgresMs),
          dispatcher: perTask(({ dispatcherMs }) => dispatcherMs),
          redis: perTask(({ redisMs }) => redisMs),
          pooler: perTask(({ poolerMs }) => poolerMs),
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

/** Share of the slots at work of those that could be, while every task takes some seconds. */
export async function measureBusy(strata: Strata, size: Size & { readonly seconds: number }, jobs: number) {
  const { workers, seconds } = size;
  try {
    await strata.startDispatcher();
    await plan(strata, jobs);
    const crowd = await startCrowd(strata, size);
    try {
      await letBegin(strata);
      // The first tasks are there.
      await delay(seconds * 1000);
      const looks: { readonly running: number; readonly could: number }[] = [];
      for (const start = performance.now(); performance.now() - start < BUSY_MS; await delay(LOOK_MS)) {
        const { running, ready } = await tasksOf(strata);
        looks.push({ running, could: Math.min(workers, running + ready) });
      }
      const sum = (of: (look: (typeof looks)[number]) => number) =>
        looks.reduce((all, look) => all + of(look), 0);
      const share = sum(({ running }) => running) / sum(({ could }) => could);
      const line = `With tasks of ${seconds} s on ${workers} workers, ${(100 * share).toFixed(1)} % of the slots that could be at work are.`;
      return { workers, seconds, share, line };
    } finally {
      await crowd.stop();
    }
  } finally {
    await strata.stop();
  }
}

/** Posts jobs and waits until they have tasks, which nobody can claim yet. @returns jobs planned per second */
async function plan(strata: Strata, jobs: number): Promise<number> {
  const { client, sql } = strata;
  await sql.query(`CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.due_at = now() + interval '1 hour'; RETURN NEW; END $$`);
  await sql.query('CREATE TRIGGER hold BEFORE INSERT ON task FOR EACH ROW EXECUTE FUNCTION hold()');
  for (let posted = 0; posted < jobs; posted += POSTED_AT_ONCE) {
    const some = Math.min(POSTED_AT_ONCE, jobs - posted);
    const specs = Array.from({ length: some }, (_, n) =>
      smallJob({ name: `project ${(posted + n) % PROJECTS}` }),
    );
    await Promise.all(specs.map((spec) => client.jobs.createJob(spec, {})));
  }
  const unplanned = async () =>
    (await sql.query<{ n: number }>('SELECT count(*)::int AS n FROM job WHERE planned_at IS NULL')).rows[0]!
      .n;
  const waiting = await unplanned();
  const seconds = await secondsUntil(async () => (await unplanned()) === 0);
  await sql.query('DROP TRIGGER hold ON task');
  return waiting / seconds;
}

async function letBegin({ sql }: Strata): Promise<void> {
  await sql.query("UPDATE task SET due_at = now() WHERE state = 'ready'");
}

/** Waits for MAX_MS at most. */
async function secondsUntil(isDone: () => Promise<boolean>): Promise<number> {
  const start = performance.now();
  while (!(await isDone()) && performance.now() - start < MAX_MS) await delay(LOOK_MS);
  return (performance.now() - start) / 1000;
}

interface Tasks {
  readonly all: number;
  readonly ended: number;
  readonly running: number;
  readonly ready: number;
}

async function tasksOf({ sql }: Strata): Promise<Tasks> {
  const { rows } = await sql.query<Tasks>(`SELECT count(*)::int AS all,
    count(*) FILTER (WHERE state = 'succeeded')::int AS ended, count(*) FILTER (WHERE state = 'running')::int AS running,
    count(*) FILTER (WHERE state = 'ready')::int AS ready FROM task`);
  return rows[0]!;
}

type Snapshot = Awaited<ReturnType<typeof snapshot>>;

interface Pids {
  readonly dispatcher: number;
  readonly pooler: number | null;
}

async function snapshot(strata: Strata, crowd: Crowd, pids: Pids) {
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
    dispatcherMs: cpuMsOf(pids.dispatcher),
    poolerMs: pids.pooler === null ? 0 : cpuMsOf(pids.pooler),
    redisMs: await redisCpuMs(strata.servers.redisUrl),
  };
}

function busyMs({ workersMs, postgresMs, dispatcherMs, redisMs, poolerMs }: Snapshot): number {
  return workersMs + postgresMs + dispatcherMs + redisMs + poolerMs;
}

async function redisCpuMs(url: string): Promise<number> {
  const redis = new Redis(url);
  const info = await redis.info('cpu');
  redis.disconnect();
  const seconds = (name: string) => Number(new RegExp(`${name}:([0-9.]+)`).exec(info)?.[1]);
  return 1000 * (seconds('used_cpu_sys') + seconds('used_cpu_user'));
}

function joined(hosts: readonly HostFigures[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const { warnings } of hosts)
    for (const [warning, times] of Object.entries(warnings)) all[warning] = (all[warning] ?? 0) + times;
  return all;
}

export const HEAD =
  'workers   tasks   tasks/s   repeated   lost   jobs planned/s   connections   statements a task   transactions a task   CPU ms a task: workers, Postgres, dispatcher, Redis, PgBouncer   together   cores when idle';

export const NOTE =
  'Everything runs on the same cores. Statements are those of the workers, without the ones of an idle worker; connections include those of the dispatcher and 3 of the benchmark. From 100 workers on, those of a process share a pool of 8 connections, one that listens and one for heartbeats of each 25; there are four processes. The jobs have 50 names.';

export function lineOf(row: Row): string {
  const { workers, tasks, seconds, cpuMsPerTask: cpu } = row;
  return [
    String(workers).padStart(7),
    String(tasks).padStart(8),
    (tasks / seconds).toFixed(1).padStart(10),
    String(row.repeated).padStart(11),
    String(row.lost).padStart(7),
    row.plannedPerSecond.toFixed(0).padStart(17),
    String(row.connections).padStart(14),
    row.statementsPerTask.toFixed(1).padStart(20),
    row.transactionsPerTask.toFixed(1).padStart(22),
    [cpu.workers, cpu.postgres, cpu.dispatcher, cpu.redis, cpu.pooler]
      .map((ms) => ms.toFixed(1))
      .join(', ')
      .padStart(65),
    Object.values(cpu)
      .reduce((sum, ms) => sum + ms, 0)
      .toFixed(1)
      .padStart(11),
    row.idleCores.toFixed(2).padStart(18),
  ].join('');
}
