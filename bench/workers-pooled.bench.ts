import { findPooler, keepsPreparedStatements, NEEDED, startPooler } from '../test/support/pooler.js';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { startRoomyServers } from './workers/servers.js';
import { HEAD, lineOf, measure, NOTE, type Row, SIZES } from './workers.bench.js';

/** Connections to Postgres that all workers and the dispatcher share. */
const POOL_SIZE = 20;

export const benchmark: Benchmark = {
  name: 'workers-pooled',
  title: `the same workers as in the benchmark "workers", through PgBouncer with ${POOL_SIZE} connections`,
  run,
};

async function run({ steps, say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const version = findPooler();
  if (version === null || !keepsPreparedStatements(version)) {
    const found = version === null ? 'there is none' : `this is ${version.text}`;
    const reason = `Skipped: it needs PgBouncer from ${NEEDED.join('.')}, and ${found}. PGBOUNCER=/path/to/pgbouncer names one.`;
    return { lines: [reason], figures: { skipped: reason } };
  }
  const rows: Row[] = [];
  const servers = await startRoomyServers();
  say(HEAD);
  try {
    for (const { jobsPerStep, ...size } of SIZES) {
      const strata = await servers.open();
      const pooler = await startPooler(strata.servers.databaseUrl, POOL_SIZE);
      try {
        rows.push(await measure(strata, size, jobsPerStep * steps, pooler));
      } finally {
        await pooler.stop();
      }
      say(rows.slice(-1).map(lineOf).join());
    }
    const about = `PgBouncer ${version.text}. Heartbeats and LISTEN go past it, as DATABASE_DIRECT_URL says.`;
    return {
      lines: [HEAD, ...rows.map(lineOf), '', about, NOTE],
      figures: { pgbouncer: version.text, rows },
    };
  } finally {
    await servers.stop();
  }
}
