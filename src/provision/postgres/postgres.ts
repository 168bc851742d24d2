import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { exec } from '../exec.js';
import { withLock } from '../lock.js';
import { commandLine, freePort, type LocalServer, processGone, readText } from '../processes.js';
import { type PostgresFiles, postgresFiles, postmasterPid } from './files.js';
import { chooseRunAs, type RunAs } from './run-as.js';

const USER = 'strata';
const DATABASE = 'strata';
const START_ATTEMPTS = 5;
const RETRY_MS = 500;
const STOP_MS = 30_000;

/**
 * Starts the embedded Postgres of a home, or finds the one that runs. Only loopback, with a password; what is
 * committed survives the death of the server and of this process.
 */
export async function startPostgres(home: string, runAs?: RunAs): Promise<LocalServer> {
  return withLock(`${home}/postgres`, async () => {
    const as = runAs ?? (await chooseRunAs());
    const files = await postgresFiles(home, as);
    await initialise(files, as);
    const password = (await readText(files.password)) ?? '';
    const url = (await running(files, password)) ?? (await start(files, as, password));
    await createDatabase(url);
    const pid = (await postmasterPid(files.data)) ?? 0;
    return { url, pid, stop: async () => void (await stop(files, as)) };
  });
}

/** Stops the server of a home if one runs, and says whether it did. */
export async function stopPostgres(home: string, runAs?: RunAs): Promise<boolean> {
  const as = runAs ?? (await chooseRunAs());
  const files = await postgresFiles(home, as);
  return withLock(`${home}/postgres`, () => stop(files, as));
}

async function initialise(files: PostgresFiles, as: RunAs): Promise<void> {
  if (await readText(join(files.data, 'PG_VERSION'))) return;
  const partial = `${files.data}.partial`;
  await rm(partial, { recursive: true, force: true });
  await writeFile(files.password, randomBytes(24).toString('hex'), { mode: 0o600 });
  await as.own(files.password);
  await run(files, as, 'initdb', [
    ...['-D', partial, '-U', USER, `--pwfile=${files.password}`, '--auth=scram-sha-256'],
    ...['--encoding=UTF8', '--locale=C'],
  ]);
  await rename(partial, files.data);
}

async function running(files: PostgresFiles, password: string): Promise<string | undefined> {
  const port = await readText(files.port);
  const pid = await ownPid(files);
  if (!port || !pid) return undefined;
  const url = serverUrl(port, password);
  return (await answers(url)) ? url : undefined;
}

/** The live server of this folder. A pid that belongs to another program by now does not count. */
async function ownPid(files: PostgresFiles): Promise<number | undefined> {
  const pid = await postmasterPid(files.data);
  return pid && (await commandLine(pid))?.includes(files.data) ? pid : undefined;
}

async function start(files: PostgresFiles, as: RunAs, password: string): Promise<string> {
  // Alive but not answering: it is stopping, or stuck.
  if (await ownPid(files)) await stop(files, as);
  else await rm(join(files.data, 'postmaster.pid'), { force: true });
  let port = (await readText(files.port)) ?? String(await freePort());
  for (let attempt = 1; ; attempt++) {
    await writeFile(files.port, port);
    const options = `-p ${port} -k '' -c listen_addresses=127.0.0.1`;
    const started = run(files, as, 'pg_ctl', [
      ...['start', '-D', files.data, '-w', '-t', '120', '-s', '-l', files.log, '-o', options],
    ]);
    const error = await started.then(
      () => undefined,
      (reason: Error) => reason,
    );
    if (!error) return serverUrl(port, password);
    if (attempt === START_ATTEMPTS) throw new Error(`${error.message}\n${await logTail(files)}`);
    // The port was taken meanwhile, or the last server's backends are still letting go of its memory.
    port = String(await freePort());
    await delay(RETRY_MS);
  }
}

async function stop(files: PostgresFiles, as: RunAs): Promise<boolean> {
  const pid = await ownPid(files);
  if (!pid) return false;
  await run(files, as, 'pg_ctl', ['stop', '-D', files.data, '-m', 'fast', '-w', '-t', '30', '-s']).catch(
    () => {},
  );
  if (!(await processGone(pid, 1000))) process.kill(pid, 'SIGQUIT');
  if (!(await processGone(pid, STOP_MS)))
    throw new Error(`Postgres (process ${pid}) does not stop; see ${files.log}`);
  return true;
}

async function createDatabase(server: string): Promise<void> {
  const admin = new pg.Client({ connectionString: server.replace(/\/[^/]*$/, '/postgres') });
  await admin.connect();
  try {
    const found = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await admin.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await admin.end();
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

function serverUrl(port: string, password: string): string {
  return `postgresql://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`;
}

function run(files: PostgresFiles, as: RunAs, command: string, args: string[]): Promise<string> {
  // A working folder that another account can enter.
  return exec(...as.command(join(files.bin, command), args), { cwd: files.folder });
}

async function logTail(files: PostgresFiles): Promise<string> {
  return `The end of ${files.log}:\n${((await readText(files.log)) ?? '').slice(-1500)}`;
}
