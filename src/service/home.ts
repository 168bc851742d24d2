import { readlinkSync } from 'node:fs';
import { chmod, mkdir, realpath } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Lock, lockNote, tryAcquire } from '../provision/lock.js';

/** The holder of a home folder, shown to others that want to use it. */
interface Holder {
  readonly pid: number;
  /** Process ids mean something within one namespace only. */
  readonly pidNamespace: string;
  readonly host: string;
}

/** A home that is ours alone until `lock` is released. */
export interface ClaimedHome {
  /** Its real path: no link leads past it. */
  readonly path: string;
  readonly lock: Lock;
}

/**
 * Claims a home: one service, reset or key command at a time uses its servers and slots. @returns undefined where another
 * has it
 */
export async function claimHome(home: string): Promise<ClaimedHome | undefined> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const path = await realpath(home);
  const lock = await tryAcquire(lockOf(path));
  if (lock) await closeFolders(path);
  lock?.write(JSON.stringify({ pid: process.pid, pidNamespace: pidNamespace(), host: hostname() }));
  return lock && { path, lock };
}

/** Folders of tenants' bytes. Older versions left them open to every account of the machine. */
const PRIVATE_FOLDERS = ['blobs', 'uploads', 'logs', 'quickstart'];

async function closeFolders(home: string): Promise<void> {
  for (const name of PRIVATE_FOLDERS)
    await chmod(join(home, name), 0o700).catch((error: NodeJS.ErrnoException) => {
      // It is not there, or an operator gave it to another account.
      if (error.code !== 'ENOENT' && error.code !== 'EPERM') throw error;
    });
}

/** The process that holds a home, and how to stop it. */
export async function describeHolder(home: string): Promise<string> {
  const holder = parse(await lockNote(lockOf(await realpath(home))));
  if (!holder) return 'Stop it first.';
  if (holder.pidNamespace !== pidNamespace())
    return `It runs in another container, on ${holder.host}. Stop it there.`;
  return `It is process ${holder.pid}. To stop it:  kill ${holder.pid}`;
}

const LOCKED = 'service';
/** The only file of a home that is claimed and otherwise empty. */
export const LOCK_FILE = `.${LOCKED}.lock`;

function lockOf(home: string): string {
  return join(home, LOCKED);
}

function parse(note: string): Holder | undefined {
  try {
    return JSON.parse(note) as Holder;
  } catch {
    return undefined;
  }
}

function pidNamespace(): string {
  return readlinkSync('/proc/self/ns/pid');
}
