import pg from 'pg';
import { openTaskQueue } from '../src/jobs/queue/queue.js';
import { openDatabase } from '../src/jobs/store/connection/database.js';
import { smallJob } from '../test/jobs/support/specs.js';
import { Strata } from '../test/support/strata.js';
import { fillTables } from './api/tables.js';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { fillHistory } from './loops/history.js';
import { type Look, looksOf } from './loops/looks.js';

const SIZES = { jobs: 1_000_000, tasksPerJob: 5, every: 10 };

export const benchmark: Benchmark = {
  name: 'loops',
  title: `a look of each loop on an empty database and after ${SIZES.jobs} jobs with ${SIZES.jobs * SIZES.tasksPerJob} tasks have ended`,
  run,
};

/** A look at an empty database takes a millisecond, so there are many. */
const LOOKS_PER_STEP = 10;
/** The share of looks that are quicker than the reported time: what else the machine does only makes looks slower. */
const QUICKEST = 0.1;
/** A look may take this many times its time on an empty database. */
const MAX_RATIO = 2;

interface Row {
  readonly look: string;
  readonly emptyMs: number;
  readonly fullMs: number;
}

async function run({ steps, warmup, say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const empty = await openSide();
  const full = await openSide();
  try {
    say('filling the tables');
    const sizes = await fill(full.databaseUrl);
    const rows: Row[] = [];
    for (const [index, look] of empty.looks.entries()) {
      const pair = [look, full.looks[index] ?? look] as const;
      rows.push(await timesOf(pair, steps * LOOKS_PER_STEP, warmup));
    }
    const over = rows.filter(({ emptyMs, fullMs }) => fullMs > MAX_RATIO * emptyMs).length;
    const verdict = `Each time is the quickest tenth of ${steps * LOOKS_PER_STEP} looks, in turns with the other database. Over ${MAX_RATIO} times: ${over}.`;
    return { lines: [HEAD, ...rows.map(lineOf), '', verdict, sizes], figures: { ...SIZES, rows } };
  } finally {
    await empty.close();
    await full.close();
  }
}

/** A database of its own, and the looks at it. */
interface Side {
  readonly databaseUrl: string;
  readonly looks: readonly Look[];
  close(): Promise<void>;
}

async function openSide(): Promise<Side> {
  const strata = await Strata.start();
  const { databaseUrl, redisUrl, home } = strata.servers;
  const db = await openDatabase(databaseUrl);
  const queue = openTaskQueue(redisUrl, () => undefined);
  // The rows of the others are made from it; it stays as the one job that waits.
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  return {
    databaseUrl,
    looks: looksOf({ db, queue, blobs: strata.blobs, home, jobId: job.id }),
    async close() {
      await queue.close();
      await db.$disconnect();
      await strata.stop();
    },
  };
}

/** Looks at both databases in turns, so that whatever else the machine does slows both. */
async function timesOf([empty, full]: readonly [Look, Look], count: number, warmup: number): Promise<Row> {
  const emptyMs: number[] = [];
  const fullMs: number[] = [];
  for (let n = 0; n < warmup; n++) await Promise.all([timeOf(empty), timeOf(full)]);
  for (let n = 0; n < count; n++) {
    emptyMs.push(await timeOf(empty));
    fullMs.push(await timeOf(full));
  }
  return { look: empty[0], emptyMs: quickestOf(emptyMs), fullMs: quickestOf(fullMs) };
}

function quickestOf(milliseconds: readonly number[]): number {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * QUICKEST)] ?? Number.NaN;
}

async function timeOf([, look]: Look): Promise<number> {
  const started = performance.now();
  await look();
  return performance.now() - started;
}

/** @returns what the tables take */
async function fill(databaseUrl: string): Promise<string> {
  await fillTables(databaseUrl, { jobs: SIZES.jobs, measured: 0, points: 0 });
  await fillHistory(databaseUrl, SIZES);
  const sql = new pg.Client({ connectionString: databaseUrl });
  await sql.connect();
  try {
    const { rows } = await sql.query<{ jobs: string; tasks: string; all: string }>(
      `SELECT pg_size_pretty(pg_table_size('job')) AS jobs, pg_size_pretty(pg_table_size('task')) AS tasks,
         pg_size_pretty(pg_database_size(current_database())) AS all`,
    );
    const [{ jobs, tasks, all } = { jobs: '', tasks: '', all: '' }] = rows;
    return `Table of jobs ${jobs}, of tasks ${tasks}; the database with its indexes ${all}.`;
  } finally {
    await sql.end();
  }
}

const HEAD = 'a look'.padEnd(40) + 'empty'.padStart(12) + 'full'.padStart(12) + 'ratio'.padStart(9);

function lineOf({ look, emptyMs, fullMs }: Row): string {
  const ms = (value: number) => `${value.toFixed(2)} ms`.padStart(12);
  return look.padEnd(40) + ms(emptyMs) + ms(fullMs) + (fullMs / emptyMs).toFixed(1).padStart(9);
}
