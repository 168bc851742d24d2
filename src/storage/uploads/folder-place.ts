import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileStore } from '@tus/file-store';
import { DESCRIPTION, deleteOldUploads } from './old-uploads.js';
import { KEPT_MS, type UploadPlace } from './upload-place.js';

/** Uploads in a folder of one API: a file of bytes and one that describes it, each. */
export async function folderPlace(folder: string): Promise<UploadPlace> {
  await mkdir(folder, { recursive: true });
  const pathOf = (id: string) => join(folder, id);
  return {
    store: new FileStore({ directory: folder, expirationPeriodInMilliseconds: KEPT_MS }),
    isShared: false,
    disk: folder,
    nameOf: (id) => id,
    has: (id) =>
      stat(pathOf(id)).then(
        () => true,
        () => false,
      ),
    fetch: async (id) => pathOf(id),
    async remove(id) {
      for (const path of [pathOf(id), pathOf(id) + DESCRIPTION]) await rm(path, { force: true });
    },
    deleteIdle: (beforeMs) => deleteOldUploads(folder, beforeMs),
  };
}
