import { link, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { orNull } from './files.js';
import { ID_FILE } from './folder-id.js';

/** A file of the store under its second name. */
export interface PinnedFile {
  /** Its place in the store, like `blobs/ab/<sha256>`. */
  readonly name: string;
  /** A path that stays until `release`. */
  readonly path: string;
}

const FOLDER = 'pinned';

/**
 * Second names (hard links) for the files of a folder store, so that a long copy finds what others delete meanwhile. A
 * copy that matches a snapshot of the database takes three steps: pin, snapshot, pin again. A blob that a row of the
 * snapshot refers to was there at the first pin, or was put after it. Garbage collection keeps a new blob for ten
 * minutes, so the second pin finds it.
 */
export class PinnedFiles {
  constructor(private readonly root: string) {}

  /** Pins the store's id, all blobs and complete uploads that are there now, in addition to those pinned before. */
  async pin(): Promise<void> {
    for await (const name of filesIn(this.root)) {
      const path = join(this.root, FOLDER, name);
      await mkdir(dirname(path), { recursive: true });
      await orNull(link(join(this.root, name), path).catch(ignorePinned));
    }
  }

  async *files(): AsyncGenerator<PinnedFile> {
    const folder = join(this.root, FOLDER);
    for await (const name of filesIn(folder)) yield { name, path: join(folder, name) };
  }

  /** Removes the second names, also those of a copy that was killed. */
  async release(): Promise<void> {
    await rm(join(this.root, FOLDER), { recursive: true, force: true });
  }
}

/** The store's id, blobs, and uploads that wait for their import. All other files of a store can be made again. */
async function* filesIn(root: string): AsyncGenerator<string> {
  if ((await namesIn(root)).includes(ID_FILE)) yield ID_FILE;
  for (const prefix of await namesIn(root, 'blobs')) {
    for (const sha256 of await namesIn(root, 'blobs', prefix)) yield join('blobs', prefix, sha256);
  }
  for (const key of await namesIn(root, 'spool')) {
    const names = key.startsWith('import_') ? await namesIn(root, 'spool', key) : [];
    if (names.includes('source')) yield join('spool', key, 'source');
  }
}

async function namesIn(...path: string[]): Promise<string[]> {
  return (await orNull(readdir(join(...path)))) ?? [];
}

function ignorePinned(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
