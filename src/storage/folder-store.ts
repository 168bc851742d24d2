import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobUri, TaskOutput } from '../contract/trainer-protocol.js';
import type { BlobStore, SpoolDraft } from './blob-store.js';
import { BlobCorruptError, BlobMissingError } from './errors.js';
import { orNull, publish } from './files.js';
import { checkSpoolKey, parseUri } from './uri.js';

/**
 * Blobs in a folder that every process of the service sees: `blobs/<2 hex>/<sha256>`, `spool/<key>` and `tmp/`, all
 * on one file system, since a rename must not copy.
 */
export function createFolderStore(root: string): BlobStore {
  const pathOf = (uri: BlobUri): string => {
    const address = parseUri(uri);
    if (address.kind === 'spool') return join(root, 'spool', address.key);
    return join(root, 'blobs', address.sha256.slice(0, 2), address.sha256);
  };
  const temporaryPath = async (): Promise<string> => {
    await mkdir(join(root, 'tmp'), { recursive: true });
    return join(root, 'tmp', randomUUID());
  };

  const store: BlobStore = {
    async put(bytes) {
      const uri: BlobUri = `sha256:${sha256(bytes)}`;
      const output: TaskOutput = { uri, size_bytes: bytes.byteLength };
      if (await store.exists(uri)) return output;
      const temporary = await temporaryPath();
      try {
        await writeFile(temporary, bytes);
        await publish(temporary, pathOf(uri));
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      return output;
    },

    async get(uri) {
      const bytes = await orNull(readFile(pathOf(uri)));
      if (bytes === null) throw new BlobMissingError(uri);
      const address = parseUri(uri);
      if (address.kind === 'blob' && sha256(bytes) !== address.sha256) throw new BlobCorruptError(uri);
      return bytes;
    },

    async localPath(uri) {
      if (!(await store.exists(uri))) throw new BlobMissingError(uri);
      return pathOf(uri);
    },

    async exists(uri) {
      return (await orNull(access(pathOf(uri)).then(() => true))) ?? false;
    },

    async createSpool(key) {
      return draftSpool(await temporaryPath(), `spool:${checkSpoolKey(key)}`, pathOf);
    },

    async deleteSpool(prefix) {
      await deleteByPrefix(join(root, 'spool'), prefix);
    },
  };
  return store;
}

function draftSpool(path: string, uri: BlobUri, pathOf: (uri: BlobUri) => string): SpoolDraft {
  return {
    path,
    async commit() {
      const { size } = await stat(path);
      await publish(path, pathOf(uri));
      return { uri, size_bytes: size };
    },
    async discard() {
      await rm(path, { force: true });
    },
  };
}

/** The last segment of `prefix` may be the beginning of a name; `job/` and `job/task-a` are both good. */
async function deleteByPrefix(spool: string, prefix: string): Promise<void> {
  const segments = prefix.split('/');
  const beginning = segments.pop() ?? '';
  if (segments.length === 0) throw new RangeError(`a spool prefix names a job first, as in job/: ${prefix}`);
  const folder = join(spool, checkSpoolKey(segments.join('/')));
  if (beginning === '') return rm(folder, { recursive: true, force: true });
  const names = (await orNull(readdir(folder))) ?? [];
  const doomed = names.filter((name) => name.startsWith(beginning));
  await Promise.all(doomed.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
