import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { BlobUri } from '../../contract/trainer-protocol.js';
import { BlobCorruptError, BlobMissingError } from '../errors.js';
import type { Connection } from './connection.js';
import { PARTS, readObject, SHA256, toBase64 } from './objects.js';
import { PART_BYTES, type PartList } from './parts.js';

/** Times that a list or a part is read whose bytes do not match. */
const READS = 2;
/** Parts on their way, which bounds the memory of a copy. */
const IN_FLIGHT = 3;

/** @param folder begins the keys of the parts */
export async function putPartList(
  { client, place, ask }: Connection,
  key: string,
  folder: string,
  { parts, sha256 }: PartList,
): Promise<void> {
  const lines = parts.map((part) => `${folder.slice(place.prefix.length)}${part.sha256}\n`);
  const bytes = Buffer.from(lines.join(''));
  const own = createHash('sha256').update(bytes).digest('hex');
  const command = new PutObjectCommand({
    Bucket: place.bucket,
    Key: key,
    Body: bytes,
    ContentLength: bytes.byteLength,
    ChecksumSHA256: toBase64(own),
    Metadata: { [SHA256]: sha256, [PARTS]: own },
  });
  await ask(() => client.send(command));
}

/**
 * Writes the parts of a list one after another to a file, and fetches the next ones meanwhile. Each is checked as it comes.
 * @param onBytes called with the number of bytes so far after each part
 * @throws BlobMissingError, BlobCorruptError
 */
export async function appendParts(
  connection: Connection,
  uri: BlobUri,
  { key, sha256, listSha256 }: { readonly key: string; readonly sha256: string; readonly listSha256: string },
  path: string,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<void> {
  // A list that was stored by an earlier release has a number in this place.
  const expected = /^[0-9a-f]{64}$/.test(listSha256) ? listSha256 : null;
  const list = await readChecked(connection, uri, key, expected);
  const hash = createHash('sha256');
  const file = await open(path, 'w');
  try {
    let written = 0;
    for await (const bytes of readAhead(connection, uri, list.toString().split('\n').filter(Boolean))) {
      await file.writeFile(bytes);
      written += bytes.byteLength;
      onBytes(written);
      hash.update(bytes);
    }
  } finally {
    await file.close();
  }
  if (hash.digest('hex') !== sha256) throw new BlobCorruptError(uri);
}

/** The parts in their order. */
async function* readAhead(
  connection: Connection,
  uri: BlobUri,
  names: readonly string[],
): AsyncGenerator<Buffer> {
  const begin = (name: string) => {
    const reading = readPart(connection, uri, name);
    // One that fails before its turn is not unhandled.
    reading.catch(() => undefined);
    return reading;
  };
  const reading = names.slice(0, IN_FLIGHT).map(begin);
  for (let next = reading.length; reading.length > 0; next++) {
    const [first] = reading.splice(0, 1);
    const bytes = await first!;
    const name = names[next];
    if (name !== undefined) reading.push(begin(name));
    yield bytes;
  }
}

function readPart(connection: Connection, uri: BlobUri, name: string): Promise<Buffer> {
  const expected = name.slice(name.lastIndexOf('/') + 1);
  return readChecked(connection, uri, connection.place.prefix + name, expected);
}

/** A list or a part. @param expected its sha256; null where it is not known */
async function readChecked(
  connection: Connection,
  uri: BlobUri,
  key: string,
  expected: string | null,
): Promise<Buffer> {
  for (let attempt = 1; attempt <= READS; attempt++) {
    const bytes = await readObject(connection, key, bytesOf);
    if (bytes === null) throw new BlobMissingError(uri);
    if (expected === null) return bytes;
    if (createHash('sha256').update(bytes).digest('hex') === expected) return bytes;
  }
  throw new BlobCorruptError(uri);
}

/** A whole object in memory: a list, or a part. @throws RangeError for one that is larger */
async function bytesOf(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > PART_BYTES) throw new RangeError(`an object is larger than a part of ${PART_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
