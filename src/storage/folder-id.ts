import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { orNull, syncToDisk } from './files.js';

/** The file with the id of a store, in its root. */
export const ID_FILE = 'store-id';

/**
 * The id of the store in `root`, made if it has none. A complete file gets the name by a link, which only one process
 * can make. @param temporary path of a file to write first
 */
export async function folderId(root: string, temporary: () => Promise<string>): Promise<string> {
  const path = join(root, ID_FILE);
  const found = await orNull(readFile(path, 'utf8'));
  if (found !== null) return found.trim();
  const draft = await temporary();
  try {
    await writeFile(draft, `${randomUUID()}\n`);
    await syncToDisk(draft);
    await link(draft, path).catch(ignoreExisting);
    await syncToDisk(root);
  } finally {
    await rm(draft, { force: true });
  }
  return (await readFile(path, 'utf8')).trim();
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
