import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { exec, works } from '../../../src/provision/exec.js';
import { acquire, tryAcquire } from '../../../src/provision/lock.js';
import { postgresServer, startPostgres, stopPostgres } from '../../../src/provision/postgres/postgres.js';
import { asAccount } from '../../../src/provision/postgres/run-as.js';
import { processGone } from '../../../src/provision/processes.js';
import { temporaryFolder } from '../temporary.js';

const namespaces = await works('unshare', '--net', '--pid', '--fork', '--mount-proc', 'true');

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

test('Postgres: started, found again, stopped, started with its data', async (t) => {
  const home = await temporaryFolder(t, stopPostgres);
  const first = await startPostgres(home);
  await query(first.url, 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)');
  const again = await startPostgres(home);
  assert.deepEqual([again.pid, again.url], [first.pid, first.url]);
  await first.stop();
  const second = await startPostgres(home);
  assert.notEqual(second.pid, first.pid);
  assert.deepEqual(await query(second.url, 'SELECT n FROM kept'), [{ n: 7 }]);
});

test('Postgres: rows committed before kill -9 are there after the next start', async (t) => {
  const home = await temporaryFolder(t, stopPostgres);
  const first = await startPostgres(home);
  await query(first.url, 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (8)');
  process.kill(first.pid, 'SIGKILL');
  await processGone(first.pid, 5000);
  const second = await startPostgres(home);
  assert.deepEqual(await query(second.url, 'SELECT n FROM kept'), [{ n: 8 }]);
});

test('Postgres: one server runs on a folder, also for those who cannot see its process', {
  skip: namespaces ? false : 'unshare(1) may not make namespaces here',
}, async (t) => {
  const home = await temporaryFolder(t, stopPostgres);
  const { pid, url } = await startPostgres(home);
  const module = new URL('../../../src/provision/postgres/postgres.ts', import.meta.url).href;
  const script = `import('${module}').then((m) => m.postgresServer(process.argv[1])).then(async (server) => {
    const { tryAcquire } = await import('${module.replace('postgres/postgres', 'lock')}');
    console.log(await tryAcquire(server.folder + '/server') === undefined ? 'taken' : 'free');
  })`;
  const other = ['--net', '--pid', '--fork', '--mount-proc', process.execPath, '--import', 'tsx'];
  assert.equal((await exec('unshare', [...other, '--eval', script, home])).trim(), 'taken');
  assert.deepEqual(await query(url, 'SELECT 1 AS one'), [{ one: 1 }]);
  assert.equal((await startPostgres(home)).pid, pid);
});

test('Postgres: its folder is locked until its last process is gone', async (t) => {
  const home = await temporaryFolder(t, stopPostgres);
  const { pid, url } = await startPostgres(home);
  const [{ backend }] = (await query(url, 'SELECT pg_backend_pid() AS backend')) as [{ backend: number }];
  assert.notEqual(backend, pid);
  const { folder } = await postgresServer(home);
  assert.equal(await tryAcquire(join(folder, 'server')), undefined);
  process.kill(pid, 'SIGKILL');
  (await acquire(join(folder, 'server'))).release();
  assert.ok(await processGone(pid, 0));
});

test('Postgres: a half-initialised data folder is thrown away', async (t) => {
  const home = await temporaryFolder(t, stopPostgres);
  await mkdir(join(home, 'postgres/data.partial/base'), { recursive: true });
  await writeFile(join(home, 'postgres/data.partial/PG_VERSION'), '18');
  const { url } = await startPostgres(home);
  assert.deepEqual(await query(url, 'SELECT current_database() AS name'), [{ name: 'strata' }]);
});

const ROLE = `SELECT rolname AS role, rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls AS power
  FROM pg_roles WHERE rolname = current_user`;

test('Postgres: the service owns its database and may nothing else', async (t) => {
  const { url } = await startPostgres(await temporaryFolder(t, stopPostgres));
  assert.deepEqual(await query(url, ROLE), [{ role: 'strata_service', power: false }]);
  await query(url, 'CREATE TABLE own (n int)');
  for (const reach of [
    "COPY own FROM PROGRAM 'id'",
    "SELECT pg_read_file('/etc/passwd')",
    'CREATE DATABASE more',
  ])
    await assert.rejects(query(url, reach), /permission denied/, reach);
});

test('Postgres: a home whose service was a superuser is handed over, with all that lies in its database', async (t) => {
  const home = await temporaryFolder(t, stopPostgres);
  const first = await startPostgres(home);
  const password = await readFile(join(home, 'postgres/password'), 'utf8');
  const admin = Object.assign(new URL(first.url), { username: 'strata', password }).href;
  await query(
    admin,
    `ALTER DATABASE strata OWNER TO strata; DROP ROLE strata_service;
     CREATE TYPE mood AS ENUM ('good'); CREATE TABLE kept (id serial PRIMARY KEY, mood mood, g int GENERATED ALWAYS AS IDENTITY);
     CREATE SEQUENCE alone; CREATE VIEW seen AS SELECT * FROM kept; INSERT INTO kept (mood) VALUES ('good');
     CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
  );
  await rm(join(home, 'postgres/service-password'));
  await first.stop();
  for (const start of ['converted', 'started again']) {
    const { url, stop } = await startPostgres(home);
    assert.deepEqual(await query(url, ROLE), [{ role: 'strata_service', power: false }], start);
    assert.deepEqual(await query(url, 'SELECT id, mood FROM seen'), [{ id: 1, mood: 'good' }]);
    const owners = `SELECT count(*)::int AS others FROM (
      SELECT relowner AS owner FROM pg_class WHERE relnamespace = 'public'::regnamespace
      UNION ALL SELECT typowner FROM pg_type WHERE typnamespace = 'public'::regnamespace
      UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace = 'public'::regnamespace) AS owned
      WHERE owner <> 'strata_service'::regrole`;
    assert.deepEqual(await query(url, owners), [{ others: 0 }], start);
    await query(url, 'ALTER TABLE kept ADD COLUMN more int; ALTER TABLE kept DROP COLUMN more');
    await stop();
  }
});

test('Postgres: a password is needed', async (t) => {
  const { url } = await startPostgres(await temporaryFolder(t, stopPostgres));
  await assert.rejects(
    query(url.replace(/:[0-9a-f]+@/, ':wrong@'), 'SELECT 1'),
    /password authentication failed/,
  );
});

test('Postgres: runs under another account where root may not have a user namespace', {
  skip: process.getuid?.() === 0 ? false : 'only root has to change its account',
}, async (t) => {
  const account = await asAccount();
  const home = await temporaryFolder(t, (folder) => stopPostgres(folder, account));
  const server = await startPostgres(home, account);
  assert.deepEqual(await query(server.url, 'SELECT 1 AS one'), [{ one: 1 }]);
});
