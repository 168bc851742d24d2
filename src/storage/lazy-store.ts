import type { BlobStore } from './blob-store.js';

/** A store that is opened by its first use, because what it is made of takes long to load. */
export function lazyStore(open: () => Promise<BlobStore>): BlobStore {
  let opened: Promise<BlobStore> | null = null;
  const store = () => {
    opened ??= open();
    return opened;
  };
  return {
    id: async () => (await store()).id(),
    put: async (bytes) => (await store()).put(bytes),
    get: async (uri) => (await store()).get(uri),
    localPath: async (uri) => (await store()).localPath(uri),
    openArriving: async (uri) => (await store()).openArriving(uri),
    fetchAhead: async (uri, signal) => (await store()).fetchAhead(uri, signal),
    generation: async (uri) => (await store()).generation(uri),
    readRange: async (uri, start, size) => (await store()).readRange(uri, start, size),
    downloadUrl: async (uri, as) => (await store()).downloadUrl(uri, as),
    touch: async (uri) => (await store()).touch(uri),
    deleteBlob: async (uri) => (await store()).deleteBlob(uri),
    now: async () => (await store()).now(),
    async *blobsUntouchedSince(time) {
      yield* (await store()).blobsUntouchedSince(time);
    },
    deleteUntouched: async (uri, time) => (await store()).deleteUntouched(uri, time),
    deleteDrafts: async (time) => (await store()).deleteDrafts(time),
    exists: async (uri) => (await store()).exists(uri),
    createSpool: async (key, beginning) => (await store()).createSpool(key, beginning),
    adopt: async (path, sha256) => (await store()).adopt(path, sha256),
    createWorkFolder: async (key) => (await store()).createWorkFolder(key),
    idleSpools: async (prefix, time) => (await store()).idleSpools(prefix, time),
    deleteSpool: async (prefix) => (await store()).deleteSpool(prefix),
  };
}
