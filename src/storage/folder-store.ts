import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import {
  access,
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobUri, TaskOutput } from '../contract/trainer-protocol.js';
import { openArrived } from './arrived-file.js';
import type { BlobStore, SpoolDraft } from './blob-store.js';
import { CheckedFiles } from './checked-files.js';
import { BlobCorruptError, BlobMissingError } from './errors.js';
import { orNull, publish, syncToDisk } from './files.js';
import {
  deleteOlderFiles,
  deleteUntouched,
  restoreTrash,
  touch,
  trashPath,
  untouchedBlobs,
} from './folder-garbage.js';
import { folderId } from './folder-id.js';
import { checkSpoolKey, checkSpoolPrefix, parseUri } from './uri.js';

/**
 * Blobs in a folder that every process of the service can access: `blobs/<2 hex>/<sha256>`, `spool/<key>`, `tmp/`
 * and `trash/`. All are on one file system, because a rename must not copy.
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

  const checked = new CheckedFiles();
  /** Whether the file matches its sha256; null if it does not exist. */
  const holds = async (uri: BlobUri): Promise<boolean | null> => {
    const address = parseUri(uri);
    if (address.kind === 'blob') return orNull(checked.holds(pathOf(uri), address.sha256));
    return (await store.exists(uri)) || null;
  };

  const store: BlobStore = {
    id: () => folderId(root, temporaryPath),

    async put(bytes) {
      const uri: BlobUri = `sha256:${sha256(bytes)}`;
      const output: TaskOutput = { uri, size_bytes: bytes.byteLength };
      // A damaged file is replaced. This put may be the result of work that was repeated because of it.
      if ((await touch(pathOf(uri))) && (await holds(uri))) return output;
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
      const held = await holds(uri);
      if (held === null) throw new BlobMissingError(uri);
      if (!held) throw new BlobCorruptError(uri);
      return pathOf(uri);
    },

    async openArriving(uri) {
      return openArrived(await store.localPath(uri));
    },

    fetchAhead: async () => undefined,

    async generation(uri) {
      return String((await stat(await store.localPath(uri))).ino);
    },

    async readRange(uri, start, size) {
      const file = await orNull(open(pathOf(uri)));
      if (file === null) throw new BlobMissingError(uri);
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, start);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },

    downloadUrl: async () => null,

    touch: (uri) => touch(pathOf(uri)),

    async deleteBlob(uri) {
      await rm(pathOf(uri), { force: true });
    },

    async *blobsUntouchedSince(time) {
      await restoreTrash(root, pathOf);
      yield* untouchedBlobs(join(root, 'blobs'), time);
    },

    async deleteUntouched(uri, time) {
      return deleteUntouched(pathOf(uri), trashPath(root, uri), time);
    },

    async deleteDrafts(time) {
      await deleteOlderFiles(join(root, 'tmp'), time);
    },

    async exists(uri) {
      return (await orNull(access(pathOf(uri)).then(() => true))) ?? false;
    },

    async createSpool(key, beginning) {
      const uri: BlobUri = `spool:${checkSpoolKey(key)}`;
      const path = await temporaryPath();
      if (beginning) await copyBeginning(await store.localPath(beginning.uri), path, beginning);
      return draftSpool(path, uri, pathOf);
    },

    async adopt(path, sha256) {
      const uri: BlobUri = `sha256:${sha256}`;
      const { size } = await stat(path);
      if ((await touch(pathOf(uri))) && (await holds(uri))) await rm(path);
      else await publish(path, pathOf(uri));
      return { uri, size_bytes: size };
    },

    async createWorkFolder(key) {
      const path = join(root, 'spool', checkSpoolKey(key));
      await rm(path, { recursive: true, force: true });
      await mkdir(path, { recursive: true });
      return path;
    },

    async now() {
      const probe = await temporaryPath();
      await writeFile(probe, '');
      try {
        return (await stat(probe)).mtime;
      } finally {
        await rm(probe, { force: true });
      }
    },

    async idleSpools(prefix, time) {
      const names = (await orNull(readdir(join(root, 'spool')))) ?? [];
      const idle: string[] = [];
      for (const name of names.filter((candidate) => candidate.startsWith(prefix))) {
        const found = await orNull(stat(join(root, 'spool', name)));
        if (found !== null && found.mtime < time) idle.push(name);
      }
      return idle;
    },

    async deleteSpool(prefix) {
      await deleteByPrefix(join(root, 'spool'), prefix);
    },
  };
  return store;
}

/** The file may grow during the copy, because its writer may still run. */
async function copyBeginning(from: string, to: string, { uri, size_bytes }: TaskOutput): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  if ((await stat(to)).size < size_bytes) {
    await rm(to);
    throw new BlobCorruptError(uri);
  }
  await truncate(to, size_bytes);
}

function draftSpool(path: string, uri: BlobUri, pathOf: (uri: BlobUri) => string): SpoolDraft {
  const partUri: BlobUri = `${uri}.part`;
  let kept = false;
  return {
    path,
    appended: () => undefined,
    async keep() {
      await syncToDisk(path);
      const { size } = await stat(path);
      // A second name for the same file, which stays when the draft is renamed or removed.
      if (!kept) {
        await mkdir(dirname(pathOf(partUri)), { recursive: true });
        await link(path, pathOf(partUri));
        await syncToDisk(dirname(pathOf(partUri)));
        kept = true;
      }
      return { uri: partUri, size_bytes: size };
    },
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

async function deleteByPrefix(spool: string, prefix: string): Promise<void> {
  const { folder: name, beginning } = checkSpoolPrefix(prefix);
  const folder = join(spool, name);
  if (beginning === '') return rm(folder, { recursive: true, force: true });
  const names = (await orNull(readdir(folder))) ?? [];
  const doomed = names.filter((name) => name.startsWith(beginning));
  await Promise.all(doomed.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
