import { constants } from 'node:fs';
import { copyFile, rm, stat, truncate } from 'node:fs/promises';
import type { BlobUri, TaskOutput } from '../../contract/trainer-protocol.js';
import type { SpoolDraft } from '../blob-store.js';
import { BlobCorruptError } from '../errors.js';
import type { LocalCache } from '../local-cache.js';

interface DraftParts {
  readonly uri: BlobUri;
  readonly cache: LocalCache;
  /** @returns the sha256 of the file */
  upload(uri: BlobUri, path: string): Promise<string>;
}

interface Beginning {
  readonly path: string;
  readonly output: TaskOutput;
}

/** A spool file on this host, which is uploaded when it is kept or complete. */
export async function createDraft(
  { uri, cache, upload }: DraftParts,
  from: (() => Promise<Beginning>) | undefined,
): Promise<SpoolDraft> {
  const beginning = await from?.();
  const path = await cache.temporaryPath();
  if (beginning) await copyBeginning(beginning, path);
  return {
    path,
    async keep() {
      const part: BlobUri = `${uri}.part`;
      await upload(part, path);
      return { uri: part, size_bytes: (await stat(path)).size };
    },
    async commit() {
      const { size } = await stat(path);
      // The next task on this host reads it from the cache.
      await cache.take(await upload(uri, path), path);
      return { uri, size_bytes: size };
    },
    async discard() {
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
