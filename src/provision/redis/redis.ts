import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LocalServer, type ServerProgram, startServer, stopServer } from '../local-server.js';
import { type Lock, withLock } from '../lock.js';
import { LoopbackPort } from '../loopback-port.js';
import { commandLine, endingWithUs, readText } from '../processes.js';
import { type Progress, silent } from '../progress.js';
import { redisBinary } from './binary.js';
import { connectRedis, redisInfo } from './client.js';

const READY_MS = 60_000;
const ANSWER_MS = 5_000;

interface RedisFiles {
  folder: string;
  config: string;
  log: string;
  pid: string;
  port: string;
  password: string;
}

/**
 * Starts the Redis of a home, or finds the one that runs. Only loopback, with a password. It ends with this process; every
 * queued job is in its append-only file, at most a second late.
 */
export async function startRedis(home: string, progress: Progress = silent): Promise<LocalServer> {
  return withLock(join(home, 'redis'), async () => startServer(await redisServer(home, progress)));
}

/** Stops the server of a home folder. @returns whether one was running */
export async function stopRedis(home: string): Promise<boolean> {
  return withLock(join(home, 'redis'), async () => stopServer(await redisServer(home)));
}

/** The local Redis of a home, ready to be launched. */
export async function redisServer(home: string, progress: Progress = silent): Promise<ServerProgram> {
  const files = await redisFiles(home);
  return new RedisServer(files, await ensurePassword(files), progress);
}

class RedisServer implements ServerProgram {
  readonly name = 'Redis';
  readonly folder: string;
  readonly stopSignals = ['SIGTERM', 'SIGKILL'] as const;
  private readonly port: LoopbackPort;

  constructor(
    private readonly files: RedisFiles,
    private readonly password: string,
    private readonly progress: Progress,
  ) {
    this.folder = files.folder;
    this.port = new LoopbackPort(files.port);
  }

  async url(): Promise<string> {
    return `redis://:${this.password}@127.0.0.1:${await this.port.current()}`;
  }

  /** The running server of this folder. A pid that another program has reused does not count. */
  async pid(): Promise<number | undefined> {
    const pid = Number(await readText(this.files.pid));
    const port = await this.port.current();
    if (!pid || !port) return undefined;
    // The server shows its address in its command line.
    return (await commandLine(pid))?.includes(`127.0.0.1:${port}`) ? pid : undefined;
  }

  async answers(): Promise<boolean> {
    if (!(await this.port.current())) return false;
    const client = await connectRedis(await this.url(), ANSWER_MS).catch(() => undefined);
    client?.disconnect();
    return client !== undefined;
  }

  async launch(lock: Lock): Promise<ChildProcess> {
    const { files, password } = this;
    const config = configuration(files, await this.port.choose(), password);
    await writeFile(files.config, config, { mode: 0o600 });
    const log = await open(files.log, 'a', 0o600);
    try {
      const [file, args] = endingWithUs('TERM', [await redisBinary(this.progress), files.config]);
      // A separate process group, so that Ctrl-C does not stop it before its clients.
      const stdio: ('ignore' | number)[] = ['ignore', log.fd, log.fd, lock.fd];
      const child = spawn(file, args, { detached: true, stdio });
      await once(child, 'spawn');
      lock.write(String(child.pid));
      return child;
    } finally {
      await log.close();
    }
  }

  async ready(child: ChildProcess): Promise<void> {
    const { log } = this.files;
    const alive = async () => child.exitCode === null && child.signalCode === null;
    const client = await connectRedis(await this.url(), READY_MS, alive).catch(async (error: Error) => {
      throw new Error(`${error.message}. The end of ${log}:\n${(await readText(log))?.slice(-1500)}`);
    });
    const info = await redisInfo(client);
    client.disconnect();
    if (Number(info.process_id) !== child.pid)
      throw new Error(`Another server answers on port ${await this.port.current()}`);
    this.port.settle();
  }
}

async function redisFiles(home: string): Promise<RedisFiles> {
  await mkdir(join(home, 'redis'), { recursive: true, mode: 0o700 });
  const folder = await realpath(join(home, 'redis'));
  const at = (name: string) => join(folder, name);
  const state = { pid: at('pid'), port: at('port'), password: at('password') };
  return { folder, config: at('redis.conf'), log: at('server.log'), ...state };
}

async function ensurePassword(files: RedisFiles): Promise<string> {
  const present = await readText(files.password);
  if (present) return present;
  const password = randomBytes(24).toString('hex');
  await writeFile(files.password, password, { mode: 0o600 });
  return password;
}

function configuration(files: RedisFiles, port: string, password: string): string {
  const lines = {
    bind: '127.0.0.1',
    port,
    requirepass: password,
    dir: JSON.stringify(files.folder),
    pidfile: JSON.stringify(files.pid),
    appendonly: 'yes',
    appendfsync: 'everysec',
    // BullMQ's keys must never be evicted. Snapshots are not needed in addition to the append-only file.
    'maxmemory-policy': 'noeviction',
    save: '""',
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}
