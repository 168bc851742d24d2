import { once } from 'node:events';
import { rmSync, watch, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startPostgres, stopPostgres } from '../../../src/provision/postgres/postgres.js';
import { processGone } from '../../../src/provision/processes.js';
import { startRedis, stopRedis } from '../../../src/provision/redis/redis.js';
import { damageFiles } from './damage.js';
import type { Cell, Victim } from './schedule.js';
import type { Theatre } from './theatre.js';

/** Longer than a lease of 6 s and a look of 0.5 s: the leases of a process that is down this long have run out. */
const OUT_MS = 7_000;

/** Does it, and undoes it where it does not heal by itself; resolves when the world is whole again. */
export async function inject(theatre: Theatre, { fault, moment }: Cell): Promise<void> {
  if (fault === 'redis flush') return flush(theatre);
  if (fault === 'clock jump') return signal(theatre, 'worker', 'SIGUSR2');
  if (fault === 'disk full') return fillDisk(theatre);
  if (fault === 'disk damaged') return damageDisk(theatre, moment === 'writing');
  const [victim, harm] = fault.split(' ') as [Victim, 'kill' | 'freeze' | 'restart' | 'cut'];
  if (harm === 'cut') return cut(theatre, victim as Exclude<Victim, 'trainer'>);
  if (harm === 'freeze') return freeze(theatre, victim);
  if (victim === 'redis' || victim === 'postgres') return restartServer(theatre, victim, harm === 'kill');
  return signal(theatre, victim, harm === 'kill' ? 'SIGKILL' : 'SIGTERM');
}

async function signal(theatre: Theatre, victim: Victim, name: NodeJS.Signals): Promise<void> {
  const pids = await theatre.pidsOf(victim);
  for (const pid of pids) if (pid > 0) send(pid, name);
}

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended by itself.
  }
}

async function freeze(theatre: Theatre, victim: Victim): Promise<void> {
  const pids = (await theatre.pidsOf(victim)).filter((pid) => pid > 0);
  for (const pid of pids) send(pid, 'SIGSTOP');
  await delay(OUT_MS);
  for (const pid of pids) send(pid, 'SIGCONT');
}

async function cut(theatre: Theatre, victim: Exclude<Victim, 'trainer'>): Promise<void> {
  const lines = theatre.linesOf(victim);
  for (const line of lines) line.cut();
  await delay(OUT_MS);
  for (const line of lines) line.heal();
}

/** Nobody but us restarts the servers, as an operating system's service manager would. */
async function restartServer(theatre: Theatre, server: 'redis' | 'postgres', hard: boolean): Promise<void> {
  const { home } = theatre;
  const [start, stop] = server === 'redis' ? [startRedis, stopRedis] : [startPostgres, stopPostgres];
  if (hard) {
    const { pid } = await start(home);
    process.kill(pid, 'SIGKILL');
    await processGone(pid, OUT_MS);
  } else await stop(home);
  await start(home);
}

async function flush({ redisUrl }: Theatre): Promise<void> {
  const redis = new Redis(redisUrl);
  await redis.flushall();
  redis.disconnect();
}

/** Longer than a task's attempts would last if they were counted: six seconds without space once failed a job for good. */
const FULL_MS = 12_000;

async function fillDisk(theatre: Theatre): Promise<void> {
  if (!theatre.fillable) return;
  const free = fill(theatre);
  await delay(FULL_MS);
  free();
}

/** Fills the disk of the blobs. @returns what frees it again */
export function fill({ blobs }: Theatre): () => void {
  const filler = join(blobs, 'filler');
  const chunk = Buffer.alloc(1 << 20);
  try {
    for (;;) writeFileSync(filler, chunk, { flag: 'a' });
  } catch {
    // Now it is full.
  }
  return () => rmSync(filler, { force: true });
}

/** Every blob and every spool file. @param checkpoint waits for one, and lets it be read: its trainer is killed */
async function damageDisk(theatre: Theatre, checkpoint: boolean): Promise<void> {
  if (checkpoint) await theatre.checkpointed();
  await damageFiles(theatre.blobs, theatre.spared);
  if (checkpoint) await signal(theatre, 'trainer', 'SIGKILL');
}

/** Resolves when the next file is opened for writing in the blob store. */
export async function nextWrite({ blobs }: Theatre, abort: AbortSignal): Promise<void> {
  const folder = join(blobs, 'tmp');
  await mkdir(folder, { recursive: true });
  const watcher = watch(folder, { signal: abort });
  await once(watcher, 'change');
  watcher.close();
}
