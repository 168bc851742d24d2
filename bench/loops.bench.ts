import pg from 'pg';
import { openTaskQueue } from '../src/jobs/queue/queue.js';
import { openDatabase } from '../src/jobs/store/connection/database.js';
import { smallJob } from '../test/jobs/support/specs.js';
import { Strata } from '../test/support/strata.js';
import { fillTables } from './api/tables.js';
import { type Benchmark, type BenchmarkOptions, type BenchmarkReport, median } from './benchmark.js';
import { fillHistory } from './loops/history.js';
import { type Look, looksOf } from './loops/looks.js';

const SIZES = { jobs: 1_000_000, tasksPerJob: 5, every: 10 };

export const benchmark: Benchmark = {
  name: 'loops',
  title: `a look of each loop on an empty database and after ${SIZES.jobs} jobs with ${SIZES.jobs * SIZES.tasksPerJob} tasks have ended`,
  run,
};

interface Row {
  readonly look: string;
  readonly emptyMs: number;
  readonly fullMs: number;
}

async function run({ steps, warmup, say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const strata = await Strata.start();
  const { databaseUrl, redisUrl, home } = strata.servers;
  const db = await openDatabase(databaseUrl);
  const queue = openTaskQueue(redisUrl, () => undefined);
  try {
    // The rows of the others are made from it; it stays as the one job that waits.
    const { job } = await strata.client.jobs.createJob(smallJob(), {});
    const looks = looksOf({ db, queue, blobs: strata.blobs, home, jobId: job.id });
    const empty = await timesOf(looks, steps, warmup);
    say('filling the tables');
    const sizes = await fill(databaseUrl);
    const full = await timesOf(looks, steps, warmup);
    const rows = looks.map(([look]) => ({ look, emptyMs: empty.get(look)!, fullMs: full.get(look)! }));
    return { lines: [HEAD, ...rows.map(lineOf), '', sizes], figures: { ...SIZES, rows } };
  } finally {
    await queue.close();
    await db.$disconnect();
    await strata.stop();
  }
}

async function timesOf(looks: readonly Look[], steps: number, warmup: number): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const [name, look] of looks) {
    const milliseconds: number[] = [];
    for (let n = -warmup; n < steps; n++) {
      const started = performance.now();
      await look();
      if (n >= 0) milliseconds.push(performance.now() - started);
    }
    times.set(name, median(milliseconds));
  }
  return times;
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
