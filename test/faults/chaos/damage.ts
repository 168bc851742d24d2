import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Alters one byte in the middle of every file of a blob store, the spool files among them.
 * @param spared paths that are left as they are
 * @returns how many
 */
export async function damageFiles(root: string, spared: ReadonlySet<string> = new Set()): Promise<number> {
  const folders = ['blobs', 'spool'].map((name) => join(root, name));
  const found = await Promise.all(folders.map((folder) => filesOf(folder)));
  const damaged = found.flat().filter((path) => !spared.has(path));
  await Promise.all(damaged.map(flipByte));
  return damaged.length;
}

export async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function flipByte(path: string): Promise<void> {
  // Some go while we are at it: a checkpoint that was replaced, a spool file that was read.
  const file = await open(path, 'r+').catch(() => null);
  if (file === null) return;
  try {
    const { size } = await file.stat();
    const byte = new Uint8Array(1);
    const position = Math.floor(size / 2);
    const { bytesRead } = await file.read(byte, 0, 1, position);
    byte[0] = (byte[0] ?? 0) ^ 1;
    if (bytesRead === 1) await file.write(byte, 0, 1, position);
  } finally {
    await file.close();
  }
}
