import { follow } from './api/followers.js';
import { loadCreate } from './api/load.js';
import { startApi } from './api/service.js';
import { fillTables, idOf, type Query, type TableSizes, type Timing, time } from './api/tables.js';
import type { Benchmark, BenchmarkReport } from './benchmark.js';

/** What a job's row holds of spec and plan; measured, see docs/operating.md. */
const ROW_BYTES = 2_000;
const SECONDS = 30;
const FOLLOWERS = 1_000;
const EVENTS = 100;
const REQUESTS = 200;
const SIZES: TableSizes = { jobs: 1_000_000, measured: 1_000, points: 20_000 };

export const benchmark: Benchmark = {
  name: 'api',
  title: 'POST /jobs beside one bare insert, 1,000 followers of one job, lists and series of large tables',
  async run({ say }): Promise<BenchmarkReport> {
    const api = await startApi();
    try {
      const create = await loadCreate(api, Number(process.env.BENCH_SECONDS ?? SECONDS), ROW_BYTES);
      say(`POST /jobs: ${JSON.stringify(create)}`);
      const followers = await follow(api.url, api.servers.databaseUrl, FOLLOWERS, EVENTS);
      say(`followers: ${JSON.stringify(followers)}`);
      const sizes = {
        ...SIZES,
        jobs: Number(process.env.BENCH_JOBS ?? SIZES.jobs),
        measured: Number(process.env.BENCH_MEASURED ?? SIZES.measured),
      };
      await fillTables(api.servers.databaseUrl, sizes);
      const tables: Timing[] = [];
      for (const query of queries(sizes)) {
        tables.push(await time(api.url, query, REQUESTS));
        say(`${JSON.stringify(tables.at(-1))}`);
      }
      const figures = { create, followers, sizes, tables };
      return {
        lines: Object.entries(figures).map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
        figures,
      };
    } finally {
      await api.stop();
    }
  },
};

function queries({ jobs, measured }: TableSizes): Query[] {
  const series = `/jobs/${idOf(Math.ceil(measured / 2))}/metrics`;
  return [
    { what: 'first page', path: '/jobs?limit=20' },
    { what: 'page in the middle', path: `/jobs?limit=20&after=${idOf(Math.ceil(jobs / 2))}` },
    { what: 'a state of every fiftieth', path: '/jobs?limit=20&state=failed' },
    { what: 'a state of none', path: '/jobs?limit=20&state=running' },
    { what: 'metadata of half of all', path: '/jobs?limit=20&metadata[team]=vision' },
    { what: 'metadata of one in 10,000', path: '/jobs?limit=20&metadata[team]=rare' },
    { what: 'metadata of one', path: `/jobs?limit=20&metadata[run]=${Math.ceil(jobs / 3)}` },
    { what: 'one series, thinned to 500', path: `${series}?name=loss&stage=0&points=500` },
    { what: 'every series, thinned to 200', path: `${series}?points=200` },
  ];
}
