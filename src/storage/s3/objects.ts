import { addAbortSignal, Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { BlobStoreError } from '../errors.js';
import type { Connection } from './connection.js';
import { isTaken } from './failures.js';

/** The name under which an object keeps the sha256 of its bytes, in hex. */
export const SHA256 = 'sha256';

/** The name under which a list of parts keeps the sha256 of the list itself, in hex. */
export const PARTS = 'parts';

/** Attempts for an answer that broke off, which the SDK does not repeat. */
const READS = 3;

export interface Stored {
  /** In hex; null for an object that something else put there. */
  readonly sha256: string | null;
  readonly sizeBytes: number;
  /**
   * The sha256 of the object itself, in hex, where it lists parts, whose bytes one after another have the other one; or another
   * text, where it keeps none. Null for other objects.
   */
  readonly listSha256: string | null;
}

/** Puts an object in one request. The server compares its bytes with the sha256. */
export async function putObject(
  { client, place, ask }: Connection,
  key: string,
  bytes: Uint8Array,
  sha256: string,
): Promise<void> {
  await ask(() => client.send(new PutObjectCommand(putInput(place.bucket, key, bytes, sha256))));
}

/** Puts an object unless there is one. Of several writers at once, one wins. @returns whether this one did */
export async function putNewObject(
  { client, place, ask }: Connection,
  key: string,
  bytes: Uint8Array,
  sha256: string,
): Promise<boolean> {
  const input = { ...putInput(place.bucket, key, bytes, sha256), IfNoneMatch: '*' };
  return ask(async () => {
    try {
      await client.send(new PutObjectCommand(input));
      return true;
    } catch (error) {
      if (isTaken(error)) return false;
      throw error;
    }
  });
}

function putInput(bucket: string, key: string, bytes: Uint8Array, sha256: string) {
  return {
    Bucket: bucket,
    Key: key,
    Body: bytes,
    ContentLength: bytes.byteLength,
    ChecksumSHA256: toBase64(sha256),
    Metadata: { [SHA256]: sha256 },
  };
}

export async function headObject(
  { client, place, find, signal }: Connection,
  key: string,
): Promise<Stored | null> {
  const command = new HeadObjectCommand({ Bucket: place.bucket, Key: key });
  const found = await find(() => client.send(command, optionsOf(signal)));
  return (
    found && {
      sha256: found.Metadata?.[SHA256] ?? null,
      sizeBytes: found.ContentLength ?? 0,
      listSha256: found.Metadata?.[PARTS] ?? null,
    }
  );
}

/**
 * Asks whether the store has the object that it said it took: one that drops it, or keeps a part, is found out before anything
 * names it. @throws BlobStoreError storage_failing, an outage
 */
export async function confirmObject(
  connection: Connection,
  key: string,
  sha256: string,
  sizeBytes: number,
): Promise<void> {
  const found = await headObject(connection, key);
  if (found?.sha256 === sha256 && found.sizeBytes === sizeBytes) return;
  const what = found === null ? 'does not have it' : 'has another one';
  throw new BlobStoreError('storage_failing', `The blob store said that it took an object, and ${what}.`);
}

/**
 * Reads an object with `consume`, from its beginning again if the answer breaks off. @param range first byte and
 * number of bytes; absent: all
 * @returns null if there is no such object
 */
export async function readObject<T>(
  { client, place, find, ask, signal }: Connection,
  key: string,
  consume: (body: Readable) => Promise<T>,
  range?: { readonly start: number; readonly size: number },
): Promise<T | null> {
  const Range = range && `bytes=${range.start}-${range.start + range.size - 1}`;
  for (let attempt = 1; ; attempt++) {
    const found = await find(() =>
      client.send(new GetObjectCommand({ Bucket: place.bucket, Key: key, Range }), optionsOf(signal)),
    );
    if (found === null) return null;
    const { Body } = found;
    if (!(Body instanceof Readable)) throw new TypeError('the answer of the store has no body');
    if (signal) addAbortSignal(signal, Body);
    try {
      return await consume(Body);
    } catch (error) {
      Body.destroy();
      signal?.throwIfAborted();
      if (isOfDisk(error)) throw error;
      if (attempt === READS) return ask(() => Promise.reject(error));
    }
  }
}

function optionsOf(signal: AbortSignal | undefined) {
  return signal && { abortSignal: signal };
}

/** Codes of the file that is written, not of the connection that is read. */
function isOfDisk(error: unknown): boolean {
  return /^(ENOSPC|EDQUOT|EIO|EROFS|ENOENT|EACCES|EMFILE)$/.test((error as NodeJS.ErrnoException).code ?? '');
}

export function toBase64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}
