import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes what was written under `path` survive a power cut; for a folder, the names in it. */
export async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Moves a complete temporary file to its place: a reader sees all of it or nothing, and it stays. */
export async function publish(temporary: string, path: string): Promise<void> {
  await syncToDisk(temporary);
  await mkdir(dirname(path), { recursive: true });
  await rename(temporary, path);
  await syncToDisk(dirname(path));
}

/** Runs `read`, giving null where the file does not exist. */
export async function orNull<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
