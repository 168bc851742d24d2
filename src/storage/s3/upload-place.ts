import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { S3Store } from '@tus/s3-store';
import type { S3Place } from '../../contract/blob-url.js';
import { deleteOldUploads } from '../uploads/old-uploads.js';
import { KEPT_MS, UPLOAD_KEYS, type UploadPlace } from '../uploads/upload-place.js';
import { type Connection, clientOptions, connect } from './connection.js';
import { abortUploads } from './multipart.js';
import { headObject, readObject } from './objects.js';
import { writeBody } from './stream.js';
import { deletePrefix, versionsOf } from './versions.js';

const ID_LENGTH = 32;
const END_OF_TIME = new Date(8.64e15);

/**
 * Uploads in a bucket: the objects `uploads/<id>`, `<id>.info` and `<id>.part`, and a multipart upload until it is complete.
 * @param folder of this host, for copies of complete uploads
 */
export async function bucketPlace(place: S3Place, folder: string): Promise<UploadPlace> {
  await mkdir(folder, { recursive: true });
  const connection = connect(place);
  const keys = place.prefix + UPLOAD_KEYS;
  const nameOf = (id: string) => keys + id;
  const copyOf = (id: string) => join(folder, id);
  const store = new VersionedStore(connection);
  const ids = async () => {
    const found = new Set<string>();
    for await (const page of versionsOf(connection, keys))
      for (const { key } of page) found.add(key.slice(keys.length, keys.length + ID_LENGTH));
    return [...found];
  };
  return {
    store,
    isShared: true,
    disk: null,
    nameOf,
    has: async (id) => (await headObject(connection, `${nameOf(id)}.info`)) !== null,
    async fetch(id, sizeBytes) {
      // Another request may read the same upload at this moment.
      const draft = copyOf(`${id}.${randomUUID()}`);
      await readObject(connection, nameOf(id), (body) => writeBody(body, draft, connection.silenceMs));
      const { size } = await stat(draft);
      if (size !== sizeBytes) {
        await rm(draft);
        throw new Error(`the bucket has ${size} bytes of the upload ${id}, not ${sizeBytes}`);
      }
      await rename(draft, copyOf(id));
      return copyOf(id);
    },
    async remove(id) {
      await rm(copyOf(id), { force: true });
      await store.remove(nameOf(id));
    },
    async deleteIdle(beforeMs, readActive) {
      await deleteOldUploads(folder, beforeMs);
      // In this order: every upload that is listed was counted before it began.
      const there = await ids();
      const active = await readActive();
      for (const id of there) if (!active.has(id)) await store.remove(nameOf(id));
      return there.filter((id) => active.has(id));
    },
  };
}

/** A store of tus for buckets with versions and several processes: it deletes every version, and remembers nothing. */
class VersionedStore extends S3Store {
  constructor(private readonly connection: Connection) {
    const { place, silenceMs } = connection;
    super({
      s3ClientConfig: { ...clientOptions(place, silenceMs), bucket: place.bucket },
      expirationPeriodInMilliseconds: KEPT_MS,
      useTags: false,
      cache: { get: async () => undefined, set: async () => undefined, delete: async () => undefined },
    });
  }

  /** @param name the key of the upload, which may be gone already */
  override async remove(name: string): Promise<void> {
    await abortUploads(this.connection, name, END_OF_TIME);
    await deletePrefix(this.connection, name);
  }
}
