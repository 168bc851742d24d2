import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Connection } from './connection.js';
import { SHA256 } from './objects.js';

const PART_BYTES = 8 << 20;
/** S3 takes 10,000 parts. */
const MAX_PARTS = 9_000;
/** Parts on their way, which bounds the memory of an upload. */
const IN_FLIGHT = 4;

/** Bytes that can be read at any place. */
export interface Source {
  readonly sizeBytes: number;
  read(start: number, end: number): Promise<Uint8Array>;
}

/**
 * Puts an object in parts, of which the server compares each with its sha256. It cannot compare the whole with
 * `sha256`, so readers do. An upload that fails is aborted.
 */
export async function putInParts(
  connection: Connection,
  key: string,
  source: Source,
  sha256: string,
): Promise<void> {
  const { client, place, ask, find } = connection;
  const target = { Bucket: place.bucket, Key: key };
  const { UploadId } = await ask(() =>
    client.send(
      new CreateMultipartUploadCommand({
        ...target,
        ChecksumAlgorithm: 'SHA256',
        Metadata: { [SHA256]: sha256 },
      }),
    ),
  );
  try {
    const parts = await eachPart(source.sizeBytes, async (number, start, end) => {
      const bytes = await source.read(start, end);
      const ChecksumSHA256 = createHash('sha256').update(bytes).digest('base64');
      const part = {
        ...target,
        UploadId,
        PartNumber: number,
        Body: bytes,
        ContentLength: bytes.byteLength,
        ChecksumSHA256,
      };
      const { ETag } = await ask(() => client.send(new UploadPartCommand(part)));
      return { PartNumber: number, ETag, ChecksumSHA256 };
    });
    const whole = { ...target, UploadId, MultipartUpload: { Parts: parts } };
    await ask(() => client.send(new CompleteMultipartUploadCommand(whole)));
  } catch (error) {
    // The service aborts it later if it cannot be aborted now.
    await find(() => client.send(new AbortMultipartUploadCommand({ ...target, UploadId }))).catch(() => null);
    throw error;
  }
}

/** Sends the parts, a few at a time. The first failure ends the sending of further ones. */
async function eachPart(
  sizeBytes: number,
  send: (number: number, start: number, end: number) => Promise<CompletedPart>,
): Promise<CompletedPart[]> {
  const partBytes = Math.max(PART_BYTES, Math.ceil(sizeBytes / MAX_PARTS));
  const count = Math.max(1, Math.ceil(sizeBytes / partBytes));
  const parts: CompletedPart[] = [];
  let next = 0;
  let failed = false;
  const sender = async (): Promise<void> => {
    while (next < count && !failed) {
      const index = next++;
      const start = index * partBytes;
      try {
        parts[index] = await send(index + 1, start, Math.min(start + partBytes, sizeBytes));
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const senders = await Promise.allSettled(Array.from({ length: IN_FLIGHT }, sender));
  const failure = senders.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
  return parts;
}

/**
 * Aborts uploads that began before `time`: their process has ended, and the store keeps their parts.
 * @param kept begins the keys of those that stay
 */
export async function abortUploads(
  { client, place, ask, find }: Connection,
  prefix: string,
  time: Date,
  kept?: string,
): Promise<void> {
  let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
  for (;;) {
    const page = await ask(() =>
      client.send(new ListMultipartUploadsCommand({ Bucket: place.bucket, Prefix: prefix, ...after })),
    );
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (!Key?.startsWith(prefix) || !Initiated || Initiated >= time) continue;
      if (kept !== undefined && Key.startsWith(kept)) continue;
      await find(() => client.send(new AbortMultipartUploadCommand({ Bucket: place.bucket, Key, UploadId })));
    }
    if (!page.IsTruncated) return;
    after = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
  }
}
