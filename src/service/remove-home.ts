import { lstat, readdir, realpath, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lockNote, tryAcquire } from '../provision/lock.js';
import { folderBytes } from '../provision/wheels/pip.js';

/** Folders of a home that may lie elsewhere, behind a link: an operator moved them to a larger disk, or set-up did. */
const MOVABLE = ['postgres', 'redis', 'blobs', 'uploads'] as const;
const SERVERS = ['postgres', 'redis'] as const;

export interface Removed {
  readonly folder: string;
  readonly bytes: number;
}

/** Fails while a database server runs on the home, whoever started it. */
export async function requireIdle(home: string): Promise<void> {
  for (const name of SERVERS) {
    const folder = await realpath(join(home, name)).catch(() => undefined);
    if (!folder) continue;
    const lock = await tryAcquire(join(folder, 'server'));
    if (!lock) {
      const pid = await lockNote(join(folder, 'server'));
      throw new Error(
        `${name} (process ${pid}) runs in ${folder}: stop what uses it, or wait until it has ended.`,
      );
    }
    lock.release();
  }
}

/** Removes all that a home holds, on whatever disk it lies. The folder itself stays: it may be a mount, or behind a link. */
export async function emptyHome(home: string): Promise<Removed[]> {
  if ((await realpath(home).catch(() => undefined)) === undefined) return [];
  const removed: Removed[] = [];
  for (const name of MOVABLE) {
    const entry = await lstat(join(home, name)).catch(() => undefined);
    const elsewhere = entry?.isSymbolicLink() && (await realpath(join(home, name)).catch(() => undefined));
    if (!elsewhere) continue;
    removed.push(await empty(elsewhere));
    await rmdir(elsewhere).catch(ignoreMount);
  }
  removed.push(await empty(home));
  return removed;
}

async function empty(folder: string): Promise<Removed> {
  const bytes = await folderBytes(folder);
  for (const name of await readdir(folder))
    await rm(join(folder, name), { recursive: true, force: true }).catch(ignoreMount);
  return { folder, bytes };
}

/** A file system that is mounted there keeps its folder; it is empty. */
function ignoreMount(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EBUSY') throw error;
}
