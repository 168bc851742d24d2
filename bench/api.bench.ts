import { type Followers, follow } from './api/followers.js';
import { type Comparison, type Load, loadCreate } from './api/load.js';
import { startApi } from './api/service.js';
import { fillTables, idOf, type Query, type TableSizes, type Timing, time } from './api/tables.js';
import type { Benchmark, BenchmarkReport } from './benchmark.js';

/** Bytes of spec and plan in the row of a job; measured, see docs/operating.md. */
const ROW_BYTES = 2_000;
const SECONDS = 30;
const FOLLOWERS = 1_000;
const EVENTS = 100;
const REQUESTS = 200;
/** The number of points that can be inserted in some minutes; the goal's 100 million would take 20 GB. */
const SIZES: TableSizes = { jobs: 1_000_000, measured: 500, points: 20_000 };

export const benchmark: Benchmark = {
  name: 'api',
  title: 'POST /jobs beside one bare insert, 1,000 followers of one job, lists and series of large tables',
  async run({ say }): Promise<BenchmarkReport> {
    const api = await startApi();
    try {
      const create = await loadCreate(api, SECONDS, ROW_BYTES);
      say(createLines(create).join('\n'));
      const followers = await follow(api.url, api.servers.databaseUrl, FOLLOWERS, EVENTS);
      say(followersLine(followers));
      await fillTables(api.servers.databaseUrl, SIZES);
      const tables: Timing[] = [];
      for (const query of QUERIES) {
        tables.push(await time(api.url, query, REQUESTS));
        say(timingLine(tables.at(-1)!));
      }
      const lines = [
        ...createLines(create),
        '',
        followersLine(followers),
        '',
        TABLES,
        ...tables.map(timingLine),
      ];
      return { lines, figures: { create, followers, sizes: SIZES, tables } };
    } finally {
      await api.stop();
    }
  },
};

const createLines = ({ ours, bare, ratio }: Comparison): string[] => [
  `POST /jobs     ${loadLine(ours)}   ${ratio} of the bare route's rate`,
  `a bare insert  ${loadLine(bare)}`,
];

const loadLine = ({ requestsPerSecond, p50Ms, p99Ms, errors }: Load): string =>
  `${String(requestsPerSecond).padStart(6)} requests/s, median ${p50Ms} ms, p99 ${p99Ms} ms, ${errors} errors`;

const followersLine = ({ followers, events, complete, seconds }: Followers): string =>
  `${complete} of ${followers} followers got each of ${events} events once and in order, within ${seconds} s`;

const TABLES = `${SIZES.jobs} jobs, ${SIZES.measured * SIZES.points} metric points; ${REQUESTS} requests each, one after another`;

const timingLine = ({ what, p50Ms, p99Ms }: Timing): string =>
  `${what.padEnd(32)} median ${p50Ms.toFixed(1).padStart(6)} ms  p99 ${p99Ms.toFixed(1).padStart(6)} ms`;

const SERIES = `/jobs/${idOf(SIZES.measured / 2)}/metrics`;
const QUERIES: readonly Query[] = [
  { what: 'first page', path: '/jobs?limit=20' },
  { what: 'page in the middle', path: `/jobs?limit=20&after=${idOf(SIZES.jobs / 2)}` },
  { what: 'a state of every fiftieth', path: '/jobs?limit=20&state=failed' },
  { what: 'a state of none', path: '/jobs?limit=20&state=running' },
  { what: 'metadata of half of all', path: '/jobs?limit=20&metadata[team]=vision' },
  { what: 'metadata of one in 10,000', path: '/jobs?limit=20&metadata[team]=rare' },
  { what: 'metadata of one', path: `/jobs?limit=20&metadata[run]=${Math.ceil(SIZES.jobs / 3)}` },
  { what: 'one series, thinned to 500', path: `${SERIES}?name=loss&stage=0&points=500` },
  { what: 'every series, thinned to 200', path: `${SERIES}?points=200` },
];
