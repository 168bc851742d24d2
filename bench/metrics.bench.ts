import { openDatabase } from '../src/jobs/store/connection/database.js';
import { writeMetrics } from '../src/jobs/store/metrics.js';
import { startApi } from './api/service.js';
import { fillTables, idOf, type Query, type TableSizes, type Timing, time } from './api/tables.js';
import type { Benchmark, BenchmarkReport } from './benchmark.js';

const REQUESTS = 300;
/** New points of each of four series before an increment is read. */
const NEW_POINTS = 25;
const SIZES: TableSizes = { jobs: 25, measured: 25, points: 400_000 };
const STEPS = SIZES.points / 4;
const STORED = SIZES.measured * SIZES.points;

export const benchmark: Benchmark = {
  name: 'metrics',
  title: `GET /jobs/{id}/metrics of a job with 4 x ${STEPS} points, ${STORED} in the table`,
  async run({ say }): Promise<BenchmarkReport> {
    const api = await startApi();
    const { databaseUrl } = api.servers;
    const db = await openDatabase(databaseUrl);
    try {
      await (await fetch(`${api.url}/jobs`, { method: 'POST', headers: JSON_BODY, body: JOB })).arrayBuffer();
      say('filling the table');
      await fillTables(databaseUrl, SIZES);
      const rows: Timing[] = [];
      for (const query of QUERIES) rows.push(await time(api.url, query, REQUESTS));
      const increments: { readonly write: number[]; readonly steps: number[]; readonly times: number[] } = {
        write: [],
        steps: [],
        times: [],
      };
      for (let n = 0; n < REQUESTS; n++) {
        const first = STEPS + n * NEW_POINTS;
        const since = new Date().toISOString();
        increments.write.push(await millisecondsOf(() => write(db, first)));
        increments.steps.push(await millisecondsOf(() => read(`${api.url}${PATH}?after_step=${first - 1}`)));
        increments.times.push(await millisecondsOf(() => read(`${api.url}${PATH}?since=${since}`)));
      }
      const points = 4 * NEW_POINTS;
      rows.push(
        timingOf(`${points} new points, after_step`, increments.steps),
        timingOf(`${points} new points, since`, increments.times),
        timingOf(`a report of ${points} points`, increments.write),
      );
      const { lines, figures } = report(rows, await sizesOf(db));
      return { lines, figures };
    } finally {
      await db.$disconnect();
      await api.stop();
    }
  },
};

const JSON_BODY = { 'content-type': 'application/json' };
const JOB = JSON.stringify({ dataset: 'mnist', epochs: 1, max_train_samples: 2048 });
const JOB_ID = idOf(13);
const PATH = `/jobs/${JOB_ID}/metrics`;

const QUERIES: readonly Query[] = [
  { what: 'the job alone, to compare', path: `/jobs/${JOB_ID}` },
  { what: 'every series, thinned to 1,000', path: `${PATH}?points=1000` },
  { what: 'every series, thinned to 200', path: `${PATH}?points=200` },
  { what: 'a tenth of the steps, to 1,000', path: `${PATH}?from_step=40003&to_step=50002&points=1000` },
  { what: 'one series, thinned to 1,000', path: `${PATH}?name=loss&stage=0&points=1000` },
];

const write = (
  db: Parameters<typeof writeMetrics>[0] & Awaited<ReturnType<typeof openDatabase>>,
  first: number,
) =>
  db.$transaction((tx) => {
    const samples = ['gradient_norm', 'loss'].flatMap((name) =>
      [0, 1].flatMap((stage) =>
        Array.from({ length: NEW_POINTS }, (_, n) => ({ name, stage, step: first + n, value: Math.sin(n) })),
      ),
    );
    return writeMetrics(tx, JOB_ID, 1, samples);
  });

async function read(url: string): Promise<void> {
  const response = await fetch(url);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
}

async function millisecondsOf(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

function timingOf(what: string, milliseconds: readonly number[]): Timing {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const at = (share: number) => Number((sorted[Math.floor(share * sorted.length)] ?? Number.NaN).toFixed(1));
  return { what, path: '', p50Ms: at(0.5), p99Ms: at(0.99) };
}

async function sizesOf({ pool }: Awaited<ReturnType<typeof openDatabase>>): Promise<string> {
  const { rows } = await pool.query<{ points: string; levels: string }>(
    `SELECT pg_size_pretty(pg_total_relation_size('metric_point')) AS points,
       pg_size_pretty(pg_total_relation_size('metric_level')) AS levels`,
  );
  return `Points with their indexes ${rows[0]?.points}, levels ${rows[0]?.levels}.`;
}

function report(rows: readonly Timing[], sizes: string): BenchmarkReport {
  const lines = rows.map(
    ({ what, p50Ms, p99Ms }) =>
      `${what.padEnd(32)} median ${p50Ms.toFixed(1).padStart(6)} ms  p99 ${p99Ms.toFixed(1).padStart(6)} ms`,
  );
  return {
    lines: [`${REQUESTS} requests each, one after another`, ...lines, '', sizes],
    figures: { requests: REQUESTS, sizes: SIZES, rows, tables: sizes },
  };
}
