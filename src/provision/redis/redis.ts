import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, open, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from '../lock.js';
import { commandLine, freePort, type LocalServer, processGone, readText } from '../processes.js';
import { type Progress, silent } from '../progress.js';
import { redisBinary } from './binary.js';
import { connectRedis, redisInfo } from './client.js';

const READY_MS = 60_000;
const START_ATTEMPTS = 3;
const STOP_MS = 30_000;

interface RedisFiles {
  folder: string;
  config: string;
  log: string;
  pid: string;
  port: string;
  password: string;
}

/**
 * Starts the Redis of a home, or finds the one that runs. Only loopback, with a password; every queued job is in its
 * append-only file, at most a second late.
 */
export async function startRedis(home: string, progress: Progress = silent): Promise<LocalServer> {
  return withLock(`${home}/redis`, async () => {
    const files = await redisFiles(home);
    const password = await ensurePassword(files);
    const found = await running(files);
    const [pid, port] = found ?? (await start(files, password, await redisBinary(progress)));
    const url = `redis://:${password}@127.0.0.1:${port}`;
    await ready(url, pid, files);
    return { url, pid, stop: async () => void (await stop(files)) };
  });
}

/** Stops the server of a home if one runs, and says whether it did. */
export async function stopRedis(home: string): Promise<boolean> {
  return withLock(`${home}/redis`, async () => stop(await redisFiles(home)));
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

/** The live server of this folder. A pid that belongs to another program by now does not count. */
async function running(files: RedisFiles): Promise<[pid: number, port: string] | undefined> {
  const pid = Number(await readText(files.pid));
  const port = await readText(files.port);
  if (!pid || !port) return undefined;
  // The server rewrites its command line to show its address.
  return (await commandLine(pid))?.includes(`127.0.0.1:${port}`) ? [pid, port] : undefined;
}

async function start(
  files: RedisFiles,
  password: string,
  binary: string,
): Promise<[pid: number, port: string]> {
  let port = (await readText(files.port)) ?? String(await freePort());
  for (let attempt = 1; ; attempt++) {
    await writeFile(files.port, port);
    await writeFile(files.config, configuration(files, port, password), { mode: 0o600 });
    const pid = await launch(files, binary);
    const url = `redis://:${password}@127.0.0.1:${port}`;
    const error = await ready(url, pid, files).then(
      () => undefined,
      (reason: Error) => reason,
    );
    if (!error) return [pid, port];
    if (attempt === START_ATTEMPTS) throw error;
    port = String(await freePort());
  }
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
    // BullMQ's keys must never be evicted; nor are snapshots needed beside the append-only file.
    'maxmemory-policy': 'noeviction',
    save: '""',
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}

/** Its own process group: Ctrl-C in the terminal must not stop it before what still writes to it. */
async function launch(files: RedisFiles, binary: string): Promise<number> {
  const log = await open(files.log, 'a', 0o600);
  try {
    const child = spawn(binary, [files.config], { detached: true, stdio: ['ignore', log.fd, log.fd] });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    return child.pid ?? 0;
  } finally {
    await log.close();
  }
}

async function ready(url: string, pid: number, files: RedisFiles): Promise<void> {
  const alive = async () => (await commandLine(pid)) !== undefined;
  const client = await connectRedis(url, READY_MS, alive).catch(async (error: Error) => {
    throw new Error(
      `${error.message}; the end of ${files.log}:\n${(await readText(files.log))?.slice(-1500)}`,
    );
  });
  const info = await redisInfo(client);
  client.disconnect();
  if (Number(info.process_id) !== pid)
    throw new Error(`Another server than ours answers at ${url.split('@')[1]}`);
}

async function stop(files: RedisFiles): Promise<boolean> {
  const found = await running(files);
  if (!found) return false;
  const [pid] = found;
  process.kill(pid, 'SIGTERM');
  if (!(await processGone(pid, STOP_MS)))
    throw new Error(`Redis (process ${pid}) does not stop; see ${files.log}`);
  return true;
}
