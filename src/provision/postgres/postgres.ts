import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { exec } from '../exec.js';
import {
  findServer,
  type LocalServer,
  type ServerProgram,
  startServer,
  stopServer,
} from '../local-server.js';
import { type Lock, withLock } from '../lock.js';
import { LoopbackPort } from '../loopback-port.js';
import { commandLine, endingWithUs, readText } from '../processes.js';
import { type PostgresFiles, postgresFiles, postmasterPid } from './files.js';
import { ADMIN, DATABASE, prepareDatabase, SERVICE } from './roles.js';
import { chooseRunAs, type RunAs } from './run-as.js';

const LOOK_MS = 50;

/**
 * Starts the embedded Postgres of a home, or finds the one that runs. Only loopback, with a password. It ends with this
 * process; what is committed survives the death of both.
 */
export async function startPostgres(home: string, runAs?: RunAs): Promise<LocalServer> {
  return withLock(join(home, 'postgres'), async () => startServer(await postgresServer(home, runAs)));
}

/** The address of the Postgres that runs on a home. It is never started or stopped. */
export async function findPostgres(home: string): Promise<string> {
  return findServer(await postgresServer(home));
}

/** Stops the server of a home folder. @returns whether one was running */
export async function stopPostgres(home: string, runAs?: RunAs): Promise<boolean> {
  return withLock(join(home, 'postgres'), async () => stopServer(await postgresServer(home, runAs)));
}

/** The embedded Postgres of a home, ready to be launched. */
export async function postgresServer(home: string, runAs?: RunAs): Promise<ServerProgram> {
  const as = runAs ?? (await chooseRunAs());
  const files = await postgresFiles(home, as);
  return new PostgresServer(files, as);
}

class PostgresServer implements ServerProgram {
  readonly name = 'Postgres';
  readonly folder: string;
  /** Fast shutdown, immediate shutdown, and the end of the postmaster, which its backends do not survive for long. */
  readonly stopSignals = ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const;
  private readonly port: LoopbackPort;

  constructor(
    private readonly files: PostgresFiles,
    private readonly as: RunAs,
  ) {
    this.folder = files.folder;
    this.port = new LoopbackPort(files.port);
  }

  /** As the role of the service. A server of an older version that still runs has none yet. */
  async url(): Promise<string> {
    const password = await readText(this.files.servicePassword);
    return password ? this.urlFor(SERVICE, password, DATABASE) : this.adminUrl(DATABASE);
  }

  private async adminUrl(database: string): Promise<string> {
    return this.urlFor(ADMIN, (await readText(this.files.password)) ?? '', database);
  }

  private async urlFor(role: string, password: string, database: string): Promise<string> {
    return `postgresql://${role}:${password}@127.0.0.1:${await this.port.current()}/${database}`;
  }

  /** Process id of the running server of this folder. A pid that another program has reused does not count. */
  async pid(): Promise<number | undefined> {
    const pid = await postmasterPid(this.files.data);
    return pid && (await commandLine(pid))?.includes(this.files.data) ? pid : undefined;
  }

  async answers(): Promise<boolean> {
    return answers(await this.url());
  }

  async launch(lock: Lock): Promise<ChildProcess> {
    const { files, as } = this;
    await initialise(files, as);
    await this.forgetDeadServer();
    const log = await open(files.log, 'a', 0o600);
    try {
      const server = [join(files.bin, 'postgres'), '-D', files.data, '-p', await this.port.choose()];
      const settings = ['-k', '', '-c', 'listen_addresses=127.0.0.1'];
      const [file, args] = endingWithUs('INT', [...server, ...settings]);
      // A separate process group, so that Ctrl-C does not stop it before its clients.
      const child = spawn(...as.command(file, args), {
        cwd: files.folder,
        detached: true,
        stdio: ['ignore', log.fd, log.fd, lock.fd],
      });
      await once(child, 'spawn');
      lock.write(String(child.pid));
      return child;
    } finally {
      await log.close();
    }
  }

  async ready(child: ChildProcess): Promise<void> {
    const url = await this.adminUrl('postgres');
    while (!(await answers(url))) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`Postgres ended before it was ready. ${await logTail(this.files)}`);
      await delay(LOOK_MS);
    }
    await this.admitService(url);
    this.port.settle();
  }

  /** The file with the password is written last: it says that the role is there. */
  private async admitService(adminUrl: string): Promise<void> {
    const { servicePassword } = this.files;
    const known = await readText(servicePassword);
    const password = known ?? randomBytes(24).toString('hex');
    await prepareDatabase(adminUrl, password);
    if (!known) await writeFile(servicePassword, password, { mode: 0o600 });
  }

  /**
   * Removes the file by which the last server knew its process. We hold the lock that a live one would hold, whatever that
   * process id means by now; a server of an older version held none.
   */
  private async forgetDeadServer(): Promise<void> {
    const pid = await this.pid();
    if (pid) throw new Error(`Postgres (process ${pid}) runs on ${this.files.data} without our lock.`);
    await rm(join(this.files.data, 'postmaster.pid'), { force: true });
  }
}

async function initialise(files: PostgresFiles, as: RunAs): Promise<void> {
  if (await readText(join(files.data, 'PG_VERSION'))) return;
  const partial = `${files.data}.partial`;
  await rm(partial, { recursive: true, force: true });
  await writeFile(files.password, randomBytes(24).toString('hex'), { mode: 0o600 });
  await as.own(files.password);
  const options = ['-D', partial, '-U', ADMIN, `--pwfile=${files.password}`, '--auth=scram-sha-256'];
  const initdb = as.command(join(files.bin, 'initdb'), [...options, '--encoding=UTF8', '--locale=C']);
  // A working folder that another account can enter.
  await exec(...initdb, { cwd: files.folder });
  await rename(partial, files.data);
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000, query_timeout: 5000 });
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

async function logTail(files: PostgresFiles): Promise<string> {
  return `The end of ${files.log}:\n${((await readText(files.log)) ?? '').slice(-1500)}`;
}
