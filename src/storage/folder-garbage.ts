import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobUri } from '../contract/trainer-protocol.js';
import { orNull } from './files.js';

/**
 * Deletes blobs safely while other processes may put the same bytes (docs/adr/0009). A put touches an existing
 * file. A delete moves the file away before it checks the time of the last touch. Whichever comes first, the other
 * one notices: the put finds no file and writes it again, or the delete finds a new time and moves the file back.
 */
export async function deleteUntouched(path: string, trash: string, time: Date): Promise<boolean> {
  if (!(await untouched(path, time))) return false;
  await mkdir(join(trash, '..'), { recursive: true });
  const moved = await orNull(rename(path, trash).then(() => true));
  if (!moved) return false;
  if (await untouched(trash, time)) {
    await rm(trash, { force: true });
    return true;
  }
  // Another collector may have moved it back already.
  await orNull(rename(trash, path));
  return false;
}

/** Sets the time of a file to now. @returns false if it does not exist */
export async function touch(path: string): Promise<boolean> {
  const now = new Date();
  return (await orNull(utimes(path, now, now).then(() => true))) ?? false;
}

export function trashPath(root: string, uri: BlobUri): string {
  return join(root, 'trash', uri.slice('sha256:'.length));
}

/** Moves back the files of a delete whose process ended. The next delete decides again. */
export async function restoreTrash(root: string, pathOf: (uri: BlobUri) => string): Promise<void> {
  for (const sha256 of (await orNull(readdir(join(root, 'trash')))) ?? []) {
    const uri: BlobUri = `sha256:${sha256}`;
    await orNull(rename(trashPath(root, uri), pathOf(uri)));
  }
}

/** The blobs of one prefix of the hash after another. */
export async function* untouchedBlobs(folder: string, time: Date): AsyncGenerator<readonly BlobUri[]> {
  for (const prefix of (await orNull(readdir(folder))) ?? []) {
    const found: BlobUri[] = [];
    for (const sha256 of await readdir(join(folder, prefix))) {
      if (await untouched(join(folder, prefix, sha256), time)) found.push(`sha256:${sha256}`);
    }
    if (found.length > 0) yield found;
  }
}

export async function deleteOlderFiles(folder: string, time: Date): Promise<void> {
  for (const name of (await orNull(readdir(folder))) ?? []) {
    const path = join(folder, name);
    if (await untouched(path, time)) await rm(path, { force: true });
  }
}

/** @returns false also for a missing file */
async function untouched(path: string, time: Date): Promise<boolean> {
  const found = await orNull(stat(path));
  return found !== null && found.mtime < time;
}
