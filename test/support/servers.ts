import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
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

/** Names the running servers that test files share, as JSON; absent: each file starts its own. */
export const SHARED_SERVERS = 'STRATA_TEST_SERVERS';

type Addresses = Pick<Servers, 'databaseUrl' | 'redisUrl'>;

/** Starts both, with the schema in place. */
export function startServers(): Promise<Servers> {
  const shared = process.env[SHARED_SERVERS];
  return shared === undefined ? startOwnServers() : useSharedServers(JSON.parse(shared) as Addresses);
}

export async function startOwnServers(): Promise<Servers> {
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

/** A new database with the schema, and an empty Redis. For test files that run one after another and stop no server. */
async function useSharedServers({ databaseUrl, redisUrl }: Addresses): Promise<Servers> {
  const home = await mkdtemp(join(tmpdir(), 'strata-test-'));
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const url = new URL(databaseUrl);
  const template = url.pathname.slice(1);
  await ask(databaseUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const redis = new Redis(redisUrl);
  await redis.flushall();
  await redis.quit();
  url.pathname = name;
  return {
    home,
    databaseUrl: url.href,
    redisUrl,
    async stop() {
      await ask(databaseUrl, `DROP DATABASE ${name} WITH (FORCE)`);
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Sends one statement to the server of `databaseUrl`, outside of the database that it names. */
async function ask(databaseUrl: string, statement: string): Promise<void> {
  const url = new URL(databaseUrl);
  url.pathname = 'postgres';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}
