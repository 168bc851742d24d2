import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../src/jobs/store/connection/migrate.js';
import { startPostgres } from '../../src/provision/postgres/postgres.js';
import { startRedis } from '../../src/provision/redis/redis.js';

/** A Postgres and a Redis of a test's own, in a folder that goes with them. */
export interface Servers {
  readonly home: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  stop(): Promise<void>;
}

/** Starts both, with the schema in place. */
export async function startServers(): Promise<Servers> {
  const home = await mkdtemp(join(tmpdir(), 'strata-test-'));
  const [postgres, redis] = await Promise.all([startPostgres(home), startRedis(home)]);
  await migrate(postgres.url);
  return {
    home,
    databaseUrl: postgres.url,
    redisUrl: redis.url,
    async stop() {
      await Promise.all([postgres.stop(), redis.stop()]);
      await rm(home, { recursive: true, force: true });
    },
  };
}
