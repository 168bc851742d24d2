import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { migrate } from '../../src/jobs/store/connection/migrate.js';
import { startPostgres } from '../../src/provision/postgres/postgres.js';
import { ADMIN } from '../../src/provision/postgres/roles.js';
import { startRedis } from '../../src/provision/redis/redis.js';
import { copyPostgres } from './postgres-template.js';

/** A Postgres and a Redis of a test's own, in a folder that goes with them. */
export interface Servers {
  readonly home: string;
  readonly databaseUrl: string;
  /** The same database as the superuser, which the service never is. */
  readonly adminUrl: string;
  readonly redisUrl: string;
  stop(): Promise<void>;
}

/** Names the running servers that test files share, as JSON; absent: each file starts its own. */
export const SHARED_SERVERS = 'STRATA_TEST_SERVERS';

type Addresses = Pick<Servers, 'databaseUrl' | 'adminUrl' | 'redisUrl'>;

/** Starts both, with the schema in place. */
export function startServers(): Promise<Servers> {
  const shared = process.env[SHARED_SERVERS];
  return shared === undefined ? startOwnServers() : useSharedServers(JSON.parse(shared) as Addresses);
}

export async function startOwnServers(): Promise<Servers> {
  const home = await mkdtemp(join(tmpdir(), 'strata-test-'));
  const isMigrated = await copyPostgres(home);
  const [postgres, redis] = await Promise.all([startPostgres(home), startRedis(home)]);
  if (!isMigrated) await migrate(postgres.url);
  return {
    home,
    databaseUrl: postgres.url,
    adminUrl: await adminUrlOf(home, postgres.url),
    redisUrl: redis.url,
    async stop() {
      await Promise.all([postgres.stop(), redis.stop()]);
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** A new database with the schema, and an empty Redis. For test files that run one after another and stop no server. */
async function useSharedServers({ databaseUrl, adminUrl, redisUrl }: Addresses): Promise<Servers> {
  const home = await mkdtemp(join(tmpdir(), 'strata-test-'));
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const url = new URL(databaseUrl);
  const template = url.pathname.slice(1);
  await ask(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${template} OWNER ${url.username}`);
  const redis = new Redis(redisUrl);
  await redis.flushall();
  await redis.quit();
  const named = (address: string) => Object.assign(new URL(address), { pathname: name }).href;
  return {
    home,
    databaseUrl: named(databaseUrl),
    adminUrl: named(adminUrl),
    redisUrl,
    async stop() {
      await ask(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`);
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function adminUrlOf(home: string, databaseUrl: string): Promise<string> {
  const password = await readFile(join(home, 'postgres', 'password'), 'utf8');
  return Object.assign(new URL(databaseUrl), { username: ADMIN, password }).href;
}

/** Sends one statement to the server of `databaseUrl`, outside of the database that it names. */
async function ask(databaseUrl: string, statement: string): Promise<void> {
  const url = new URL(databaseUrl);
  url.pathname = 'postgres';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}
