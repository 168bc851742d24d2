import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { StrataError } from '../../contract/errors.js';
import type { BlobUri, TaskOutput } from '../../contract/trainer-protocol.js';
import { openArrived } from '../arrived-file.js';
import type { ArrivingFile, BlobStore, DownloadAs, SpoolDraft } from '../blob-store.js';
import { CheckedFiles } from '../checked-files.js';
import { BlobCorruptError, BlobMissingError } from '../errors.js';
import { sha256OfFile } from '../files.js';
import type { LocalCache } from '../local-cache.js';
import { UPLOAD_KEYS } from '../uploads/upload-place.js';
import { checkSpoolKey, checkSpoolPrefix, parseUri } from '../uri.js';
import type { Connection } from './connection.js';
import { createDraft } from './draft.js';
import { abortUploads } from './multipart.js';
import { confirmObject, headObject, putNewObject, readObject } from './objects.js';
import { appendParts, putPartList } from './part-list.js';
import type { Part, PartList } from './parts.js';
import { presignedUrl } from './presign.js';
import { writeBody } from './stream.js';
import { uploadBytes, uploadFile } from './upload.js';
import {
  deletePrefix,
  deleteVersions,
  isVersioned,
  touchedBy,
  type Version,
  versionsOf,
} from './versions.js';

const ID_KEY = 'store-id';
/** Downloads of a blob whose bytes do not match, before the store counts as damaged. */
const DOWNLOADS = 2;

interface S3Object {
  readonly uri: BlobUri;
  readonly key: string;
  readonly sha256: string;
  /** See Stored. */
  readonly listSha256: string | null;
}

export type OnBytes = (paths: string[], bytes: number) => void;

/**
 * Blobs in a bucket with versions: `blobs/<2 hex>/<sha256>`, `spool/<key>` and `store-id`. Every object keeps the sha256
 * of its bytes. Readers get files of a cache on this host, by that sha256, which are checked before they are handed out.
 */
export class S3Store implements BlobStore {
  readonly #checked = new CheckedFiles();
  /** Damaged copies that were found in the cache, by sha256. */
  readonly #damages = new Map<string, number>();

  constructor(
    private readonly connection: Connection,
    private readonly cache: LocalCache,
  ) {}

  async id(): Promise<string> {
    const { bucket } = this.connection.place;
    if (!(await isVersioned(this.connection)))
      throw new StrataError(
        'storage_unversioned',
        `The bucket ${bucket} keeps no versions. Turn versioning on.`,
      );
    const key = this.#key(ID_KEY);
    const made = Buffer.from(`${randomUUID()}\n`);
    const found = await readObject(this.connection, key, textOf);
    if (found !== null) return found.trim();
    await putNewObject(this.connection, key, made, sha256Of(made));
    return ((await readObject(this.connection, key, textOf)) ?? '').trim();
  }

  async put(bytes: Uint8Array): Promise<TaskOutput> {
    const sha256 = sha256Of(bytes);
    // Also where it is there already: the new version is younger than any horizon, and replaces damaged bytes.
    await uploadBytes(this.connection, this.#blobKey(sha256), bytes, sha256);
    await this.#confirm(sha256, bytes.byteLength);
    await this.cache.fill(sha256, (path) => writeFile(path, bytes));
    return { uri: `sha256:${sha256}`, size_bytes: bytes.byteLength };
  }

  async get(uri: BlobUri): Promise<Uint8Array> {
    return readFile(await this.localPath(uri));
  }

  /**
   * @param onBytes called as a file in parts arrives, with the paths at which it is now and in the end. With it, a copy of the
   * cache is checked later than it is handed out, and removed if it is damaged
   */
  async localPath(uri: BlobUri, onBytes?: OnBytes): Promise<string> {
    const object = await this.#objectOf(uri);
    const { sha256 } = object;
    const cached = await this.cache.find(sha256);
    if (cached !== null) {
      const isWhole = this.#check(cached, sha256);
      if (onBytes || (await isWhole)) return cached;
    }
    const path = await this.cache.fill(sha256, (draft) => {
      const report = onBytes && ((bytes: number) => onBytes([draft, this.cache.pathOf(sha256)], bytes));
      return copyObject(this.connection, object, draft, report);
    });
    await this.#checked.trust(path);
    return path;
  }

  /** Apart from copies that somebody waits for: `signal` must not end those. */
  async fetchAhead(uri: BlobUri, signal: AbortSignal): Promise<void> {
    const connection = { ...this.connection, signal };
    const object = await this.#objectOf(uri, connection);
    if ((await this.cache.find(object.sha256)) !== null) return;
    const path = await this.cache.write(object.sha256, (draft) => copyObject(connection, object, draft));
    await this.#checked.trust(path);
  }

  async openArriving(uri: BlobUri): Promise<ArrivingFile> {
    return openArrived(await this.localPath(uri));
  }

  async generation(uri: BlobUri): Promise<string> {
    await this.localPath(uri);
    const address = parseUri(uri);
    return String(address.kind === 'blob' ? (this.#damages.get(address.sha256) ?? 0) : 0);
  }

  async readRange(uri: BlobUri, start: number, size: number): Promise<Uint8Array> {
    if (size === 0) return new Uint8Array();
    const bytes = await readObject(this.connection, this.#keyOf(uri), bytesOf, { start, size });
    if (bytes === null) throw new BlobMissingError(uri);
    return bytes;
  }

  async downloadUrl(uri: BlobUri, as: DownloadAs): Promise<string> {
    if (!(await this.exists(uri))) throw new BlobMissingError(uri);
    return presignedUrl(this.connection, this.#keyOf(uri), as);
  }

  async touch(uri: BlobUri): Promise<boolean> {
    const address = parseUri(uri);
    if (address.kind !== 'blob') return this.exists(uri);
    try {
      // A copy of an object onto itself keeps the time of the first put on some stores.
      await uploadFile(
        this.connection,
        this.#blobKey(address.sha256),
        await this.localPath(uri),
        address.sha256,
      );
      return true;
    } catch (error) {
      if (error instanceof BlobMissingError) return false;
      throw error;
    }
  }

  async deleteBlob(uri: BlobUri): Promise<void> {
    const address = parseUri(uri);
    await deletePrefix(this.connection, this.#keyOf(uri));
    if (address.kind === 'blob') await this.cache.drop(address.sha256);
  }

  now(): Promise<Date> {
    return this.connection.now();
  }

  async *blobsUntouchedSince(time: Date): AsyncGenerator<readonly BlobUri[]> {
    const prefix = this.#key('blobs/');
    for await (const page of versionsOf(this.connection, prefix)) {
      const latest = page.filter(({ isLatest }) => isLatest);
      // Versions that a later put of the same bytes has replaced.
      await deleteVersions(
        this.connection,
        page.filter(({ isLatest }) => !isLatest),
      );
      const found = latest.filter((version) => touchedBy(version) < time).flatMap(uriOf);
      if (found.length > 0) yield found;
    }
  }

  async deleteUntouched(uri: BlobUri, time: Date): Promise<boolean> {
    const versions: Version[] = [];
    for await (const page of versionsOf(this.connection, this.#keyOf(uri))) versions.push(...page);
    if (versions.length === 0 || versions.some((version) => touchedBy(version) >= time)) return false;
    // A put since the question has made a version that this does not name.
    await deleteVersions(this.connection, versions);
    return true;
  }

  async deleteDrafts(time: Date): Promise<void> {
    await this.cache.deleteTemporary(time);
    // Uploads in pieces take as long as their sender likes.
    await abortUploads(this.connection, this.#key(''), time, this.#key(UPLOAD_KEYS));
  }

  async exists(uri: BlobUri): Promise<boolean> {
    return (await headObject(this.connection, this.#keyOf(uri))) !== null;
  }

  async createSpool(key: string, beginning?: TaskOutput): Promise<SpoolDraft> {
    const uri: BlobUri = `spool:${checkSpoolKey(key)}`;
    const upload = async (name: BlobUri, path: string): Promise<string> => {
      const sha256 = await sha256OfFile(path);
      await uploadFile(this.connection, this.#keyOf(name), path, sha256);
      return sha256;
    };
    const from =
      beginning && (async () => ({ path: await this.localPath(beginning.uri), output: beginning }));
    const uploadPart = (name: BlobUri, { sha256 }: Part, bytes: Buffer) =>
      uploadBytes(this.connection, `${this.#keyOf(name)}.parts/${sha256}`, bytes, sha256);
    const uploadList = (name: BlobUri, list: PartList) =>
      putPartList(this.connection, this.#keyOf(name), `${this.#keyOf(uri)}.parts/`, list);
    const trust = (path: string) => this.#checked.trust(path);
    return createDraft({ uri, cache: this.cache, upload, uploadPart, uploadList, trust }, from);
  }

  async adopt(path: string, sha256: string): Promise<TaskOutput> {
    const { size } = await stat(path);
    await uploadFile(this.connection, this.#blobKey(sha256), path, sha256);
    await this.#confirm(sha256, size);
    await this.cache.take(sha256, path);
    return { uri: `sha256:${sha256}`, size_bytes: size };
  }

  async createWorkFolder(key: string): Promise<string> {
    const path = this.cache.workFolder(checkSpoolKey(key));
    await rm(path, { recursive: true, force: true });
    await mkdir(path, { recursive: true });
    return path;
  }

  async idleSpools(prefix: string, time: Date): Promise<string[]> {
    const busy = new Set<string>();
    const found = new Set<string>();
    const spool = this.#key('spool/');
    for await (const page of versionsOf(this.connection, spool + prefix)) {
      for (const version of page) {
        const [name = ''] = version.key.slice(spool.length).split('/');
        found.add(name);
        if (touchedBy(version) >= time) busy.add(name);
      }
    }
    return [...found].filter((name) => !busy.has(name));
  }

  async deleteSpool(prefix: string): Promise<void> {
    checkSpoolPrefix(prefix);
    await this.cache.deleteWork(prefix);
    await deletePrefix(this.connection, this.#key(`spool/${prefix}`));
  }

  /** Artifacts, datasets and weights are blobs, which stay. Messages do not: where one is missing, its task makes it again. */
  #confirm(sha256: string, sizeBytes: number): Promise<void> {
    return confirmObject(this.connection, this.#blobKey(sha256), sha256, sizeBytes);
  }

  /** Finds the bytes of a file. @throws BlobMissingError; BlobCorruptError for an object that something else put there */
  async #objectOf(uri: BlobUri, connection = this.connection): Promise<S3Object> {
    const address = parseUri(uri);
    if (address.kind === 'blob')
      return { uri, sha256: address.sha256, key: this.#blobKey(address.sha256), listSha256: null };
    const key = this.#key(`spool/${address.key}`);
    const found = await headObject(connection, key);
    if (found === null) throw new BlobMissingError(uri);
    if (found.sha256 === null) throw new BlobCorruptError(uri);
    return { uri, key, sha256: found.sha256, listSha256: found.listSha256 };
  }

  /** Whether a copy of the cache is what it should be. A damaged one is removed. */
  async #check(path: string, sha256: string): Promise<boolean> {
    if (await this.#checked.holds(path, sha256).catch(() => false)) return true;
    this.#damages.set(sha256, (this.#damages.get(sha256) ?? 0) + 1);
    await this.cache.drop(sha256);
    return false;
  }

  #keyOf(uri: BlobUri): string {
    const address = parseUri(uri);
    return address.kind === 'blob' ? this.#blobKey(address.sha256) : this.#key(`spool/${address.key}`);
  }

  #blobKey(sha256: string): string {
    return this.#key(`blobs/${sha256.slice(0, 2)}/${sha256}`);
  }

  #key(name: string): string {
    return this.connection.place.prefix + name;
  }
}

/** Writes a file to `path`, and compares it with its sha256. @param onBytes called as a file in parts arrives */
async function copyObject(
  connection: Connection,
  { uri, key, sha256, listSha256 }: S3Object,
  path: string,
  onBytes?: (bytes: number) => void,
): Promise<void> {
  if (listSha256 !== null) return appendParts(connection, uri, { key, sha256, listSha256 }, path, onBytes);
  for (let attempt = 1; attempt <= DOWNLOADS; attempt++) {
    const found = await readObject(connection, key, (body) => writeBody(body, path, connection.silenceMs));
    if (found === null) throw new BlobMissingError(uri);
    if (found === sha256) return;
  }
  throw new BlobCorruptError(uri);
}

function uriOf({ key }: Version): BlobUri[] {
  const sha256 = key.slice(key.lastIndexOf('/') + 1);
  return /^[0-9a-f]{64}$/.test(sha256) ? [`sha256:${sha256}`] : [];
}

async function bytesOf(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function textOf(body: Readable): Promise<string> {
  return (await bytesOf(body)).toString();
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
