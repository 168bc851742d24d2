import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import { type AppliedMigration, migrate } from '../../../src/jobs/store/connection/migrate.js';
import { startPostgres, stopPostgres } from '../../../src/provision/postgres/postgres.js';
import { ROOT } from '../../../src/service/root.js';
import { createFolderStore } from '../../../src/storage/folder-store.js';
import { temporaryFolder } from '../../provision/temporary.js';

type Settings = Readonly<Record<string, string>>;
type Command = 'backup' | 'restore' | 'reset';

/** Arguments of node, and the environment, of a command as npm runs it on a home. */
function commandOf(command: Command, home: string, args: readonly string[], settings: Settings = {}) {
  const file = `src/service/commands/${command}.ts`;
  const none = { DATABASE_URL: '', REDIS_URL: '', BLOB_URL: '', STRATA_SECRET_KEY: '' };
  const env = { ...process.env, ...none, ...settings, STRATA_HOME: home };
  return { args: ['--import', 'tsx', file, ...args], options: { cwd: ROOT, env } };
}

/** @returns what it prints. Rejects where it fails, with what it prints as errors in the message */
export async function run(command: Command, home: string, ...folders: string[]): Promise<string> {
  return runWith({}, command, home, ...folders);
}

/** The same with more settings, like DATABASE_URL. */
export async function runWith(
  settings: Settings,
  command: Command,
  home: string,
  ...folders: string[]
): Promise<string> {
  const { args, options } = commandOf(command, home, folders, settings);
  return (await promisify(execFile)(process.execPath, args, options)).stdout;
}

/** Runs a command and kills it as soon as `path` exists. */
export async function runUntil(path: string, command: Command, home: string, folder: string): Promise<void> {
  const { args, options } = commandOf(command, home, [folder]);
  const child = spawn(process.execPath, args, { ...options, stdio: 'ignore' });
  const ended = once(child, 'exit');
  while (child.exitCode === null && !(await exists(path))) await new Promise(setImmediate);
  child.kill('SIGKILL');
  await ended;
}

export async function exists(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  );
}

/** Values that a careless copy changes: absent and JSON null, quotes, breaks, small and large numbers, microseconds. */
const MESSAGE = { none: null, text: 'a "b" \\ \n\t {c,d} é 𝕊', number: 0.1, large: 1e300 };

/** A home as a service that has stopped leaves it: a database with rows of several kinds, blobs and a secret. */
export async function makeHome(
  t: TestContext,
  only?: readonly AppliedMigration[],
): Promise<{ home: string; rows: Record<string, string> }> {
  const home = await temporaryFolder(t, stopPostgres);
  const postgres = await startPostgres(home);
  await migrate(postgres.url, only ? { only } : {});
  const rows = await query(postgres.url, async (client) => {
    await client.query(
      `INSERT INTO webhook (id, tenant, url, events, secret, created_at)
       VALUES ('webhook_1', 'default', 'https://example.org', $1, 'sealed', '2026-03-29 01:30:00.123+00'),
              ('webhook_2', 'other', $2, 'null', 'sealed', '2026-03-29 02:30:00+02')`,
      [JSON.stringify(MESSAGE), MESSAGE.text],
    );
    return digests(client);
  });
  await postgres.stop();
  const store = createFolderStore(join(home, 'blobs'));
  for (const text of ['one', 'two', 'three']) await store.put(Buffer.from(text));
  await mkdir(join(home, 'blobs/spool/import_1'), { recursive: true });
  await writeFile(join(home, 'blobs/spool/import_1/source'), 'an upload that waits');
  await mkdir(join(home, 'blobs/spool/job_1'), { recursive: true });
  await writeFile(join(home, 'blobs/spool/job_1/corrections'), 'can be made again');
  await writeFile(join(home, 'secret.key'), `${'ab'.repeat(32)}\n`);
  return { home, rows };
}

/** Digest of the rows of each table of a home. */
export async function rowsOf(home: string): Promise<Record<string, string>> {
  const postgres = await startPostgres(home);
  try {
    return await rowsAt(postgres.url);
  } finally {
    await postgres.stop();
  }
}

export function rowsAt(databaseUrl: string): Promise<Record<string, string>> {
  return query(databaseUrl, digests);
}

async function query<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function digests(client: pg.Client): Promise<Record<string, string>> {
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
     AND relname <> '_prisma_migrations'`,
  );
  const found: Record<string, string> = {};
  for (const { name } of tables) {
    const text = `SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') AS digest FROM "${name}" AS t`;
    found[name] = (await client.query<{ digest: string }>(text)).rows[0]!.digest;
  }
  return found;
}

/** All files of a folder by their path, without Postgres's own and locks. */
export async function filesOf(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const walk = async (path: string): Promise<void> => {
    for (const entry of await readdir(join(folder, path), { withFileTypes: true })) {
      const name = join(path, entry.name);
      if (entry.isDirectory() && name !== 'postgres') await walk(name);
      else if (entry.isFile() && !entry.name.startsWith('.'))
        found[name] = await readFile(join(folder, name), 'latin1');
    }
  };
  await walk('.');
  return found;
}

export async function copyOf(t: TestContext, folder: string): Promise<string> {
  const copy = join(await temporaryFolder(t), 'copy');
  await cp(folder, copy, { recursive: true });
  return copy;
}
