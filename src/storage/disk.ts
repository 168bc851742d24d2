import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StrataError } from '../contract/errors.js';

export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Minimum share of a disk that uploads leave free, because jobs and the database write there, too. */
const RESERVE_SHARE = 0.05;
const MAX_RESERVE_BYTES = 1_000_000_000;

/** Space of the file system on which a folder lies, or will lie. */
export async function diskSpace(folder: string): Promise<DiskSpace> {
  const found = await statfs(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && dirname(folder) !== folder) return null;
    throw error;
  });
  if (found === null) return diskSpace(dirname(folder));
  const { bavail, blocks, bsize } = found;
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** @param set by the operator; absent: 5 % of the disk, and 1 GB at most */
export function reserveOf({ totalBytes }: DiskSpace, set?: number): number {
  return set ?? Math.min(MAX_RESERVE_BYTES, Math.floor(totalBytes * RESERVE_SHARE));
}

/** @throws StrataError storage_full where `bytes` more on the folder's disk would leave less than the reserve */
export async function requireRoom(folder: string, bytes: number, reserveBytes?: number): Promise<void> {
  const space = await diskSpace(folder);
  const reserve = reserveOf(space, reserveBytes);
  if (space.freeBytes - bytes >= reserve) return;
  throw new StrataError(
    'storage_full',
    `The disk has ${space.freeBytes} bytes free, of which ${reserve} are kept for jobs and the database.`,
  );
}
