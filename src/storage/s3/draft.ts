import { constants } from 'node:fs';
import { copyFile, rm, stat, truncate } from 'node:fs/promises';
import type { BlobUri, TaskOutput } from '../../contract/trainer-protocol.js';
import type { SpoolDraft } from '../blob-store.js';
import { BlobCorruptError } from '../errors.js';
import type { LocalCache } from '../local-cache.js';
import { GrowingUpload, PART_BYTES, type Part, type PartList } from './parts.js';

interface DraftParts {
  readonly uri: BlobUri;
  readonly cache: LocalCache;
  /** Takes a file of the cache as checked: its sha256 was computed from it. */
  trust(path: string): Promise<void>;
  /** Uploads a file as one object. @returns its sha256 */
  upload(uri: BlobUri, path: string): Promise<string>;
  /** Uploads a piece of the file of `uri`. */
  uploadPart(uri: BlobUri, part: Part, bytes: Buffer): Promise<void>;
  /** Makes the pieces a file. Only now it can be read. */
  uploadList(uri: BlobUri, list: PartList): Promise<void>;
}

interface Beginning {
  readonly path: string;
  readonly output: TaskOutput;
}

/**
 * A spool file on this host. One that only grows is uploaded in parts while it does; any other when it is kept or
 * complete.
 */
export async function createDraft(
  { uri, cache, upload, uploadPart, uploadList, trust }: DraftParts,
  from: (() => Promise<Beginning>) | undefined,
): Promise<SpoolDraft> {
  const beginning = await from?.();
  const path = await cache.temporaryPath();
  if (beginning) await copyBeginning(beginning, path);
  let growing: GrowingUpload | null = null;
  const store = async (name: BlobUri): Promise<string> => {
    // A small file is one object.
    if (growing === null || (await stat(path)).size < PART_BYTES) return upload(name, path);
    const list = await growing.list();
    await uploadList(name, list);
    return list.sha256;
  };
  return {
    path,
    appended() {
      growing ??= new GrowingUpload(path, (part, bytes) => uploadPart(uri, part, bytes));
      growing.advance();
    },
    async keep() {
      const part: BlobUri = `${uri}.part`;
      await store(part);
      return { uri: part, size_bytes: (await stat(path)).size };
    },
    async commit() {
      const { size } = await stat(path);
      // The next task on this host reads it from the cache.
      await trust(await cache.take(await store(uri), path));
      return { uri, size_bytes: size };
    },
    async discard() {
      await growing?.close();
      await rm(path, { force: true });
    },
  };
}

async function copyBeginning({ path, output }: Beginning, to: string): Promise<void> {
  await copyFile(path, to, constants.COPYFILE_FICLONE);
  if ((await stat(to)).size < output.size_bytes) {
    await rm(to);
    throw new BlobCorruptError(output.uri);
  }
  await truncate(to, output.size_bytes);
}
