import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobUri } from '../contract/trainer-protocol.js';
import { orNull } from './files.js';

/**
 * How blobs are deleted while others may put the same bytes (docs/adr/0009): a put touches what is there, and a delete
 * moves the file away before it looks at the time of the last touch. Whichever comes first, the other sees it: the put
 * finds no file and writes it anew, or the delete finds a fresh one and moves it back.
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
  // Another collector may have put it back already.
  await orNull(rename(trash, path));
  return false;
}

/** Marks a file as put now. @returns false where there is none */
export async function touch(path: string): Promise<boolean> {
  const now = new Date();
  return (await orNull(utimes(path, now, now).then(() => true))) ?? false;
}

export function trashPath(root: string, uri: BlobUri): string {
  return join(root, 'trash', uri.slice('sha256:'.length));
}

/** Puts back what a delete had moved away when its process ended: the next delete decides anew. */
export async function restoreTrash(root: string, pathOf: (uri: BlobUri) => string): Promise<void> {
  for (const sha256 of (await orNull(readdir(join(root, 'trash')))) ?? []) {
    const uri: BlobUri = `sha256:${sha256}`;
    await orNull(rename(trashPath(root, uri), pathOf(uri)));
  }
}

export async function untouchedBlobs(folder: string, time: Date): Promise<BlobUri[]> {
  const found: BlobUri[] = [];
  for (const prefix of (await orNull(readdir(folder))) ?? []) {
    for (const sha256 of await readdir(join(folder, prefix))) {
      if (await untouched(join(folder, prefix, sha256), time)) found.push(`sha256:${sha256}`);
    }
  }
  return found;
}

export async function deleteOlderFiles(folder: string, time: Date): Promise<void> {
  for (const name of (await orNull(readdir(folder))) ?? []) {
    const path = join(folder, name);
    if (await untouched(path, time)) await rm(path, { force: true });
  }
}

/** @returns false also for a file that is gone */
async function untouched(path: string, time: Date): Promise<boolean> {
  const found = await orNull(stat(path));
  return found !== null && found.mtime < time;
}
