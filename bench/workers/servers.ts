import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../src/jobs/store/connection/migrate.js';
import { startPostgres } from '../../src/provision/postgres/postgres.js';
import { ADMIN } from '../../src/provision/postgres/roles.js';
import { startRedis } from '../../src/provision/redis/redis.js';
import { SHARED_SERVERS } from '../../test/support/servers.js';
import { Strata } from '../../test/support/strata.js';

const MAX_CONNECTIONS = 4_000;

/** Servers that take many connections. */
export interface RoomyServers {
  /** A new database on them. */
  open(): Promise<Strata>;
  stop(): Promise<void>;
}

export async function startRoomyServers(): Promise<RoomyServers> {
  const home = await mkdtemp(join(tmpdir(), 'strata-bench-'));
  const first = await startPostgres(home);
  const password = await readFile(join(home, 'postgres', 'password'), 'utf8');
  const adminOf = (url: string) => Object.assign(new URL(url), { username: ADMIN, password }).href;
  const admin = new pg.Client({ connectionString: adminOf(first.url) });
  await admin.connect();
  await admin.query(`ALTER SYSTEM SET max_connections = ${MAX_CONNECTIONS}`);
  await admin.query('ALTER SYSTEM SET shared_preload_libraries = pg_stat_statements');
  await admin.end();
  await first.stop();
  const [postgres, redis] = [await startPostgres(home), await startRedis(home)];
  await migrate(postgres.url);
  const addresses = {
    databaseUrl: postgres.url,
    adminUrl: adminOf(postgres.url),
    redisUrl: redis.url,
  };
  return {
    async open() {
      process.env[SHARED_SERVERS] = JSON.stringify(addresses);
      const strata = await Strata.start();
      // The processes of the service know no such setting.
      delete process.env[SHARED_SERVERS];
      return strata;
    },
    async stop() {
      await Promise.all([postgres.stop(), redis.stop()]);
      await rm(home, { recursive: true, force: true });
    },
  };
}
