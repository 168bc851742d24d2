import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type AwsCredentials, signedHeaders } from '../../../outgoing/aws-signature.js';
import { sendForStatus } from '../../../outgoing/send.js';
import { forPurpose, OutgoingError } from '../../../outgoing/target.js';
import type { ClaimedPush } from '../../../store/model-pushes.js';
import type { PushedFile } from './files.js';
import type { Pusher } from './pusher.js';

/** Limit for one file. */
const FILE_MS = 600_000;
const REGION = 'us-east-1';
const MANIFEST = 'manifest.json';

interface Push {
  readonly claimed: ClaimedPush;
  readonly files: readonly PushedFile[];
  /** Credentials as JSON. */
  readonly secret: string | null;
  readonly over: AbortSignal;
}

/**
 * Writes the files of a network below `<url>/<id of the model>/`, and their list last: who sees the list sees all of them. The
 * same push writes the same bytes to the same names.
 * @returns the address of the folder
 */
export async function pushToBucket(pusher: Pusher, { claimed, files, secret, over }: Push): Promise<string> {
  const folder = `${claimed.url.replace(/\/+$/, '')}/${claimed.modelId}`;
  const credentials = readCredentials(secret);
  const put = (file: PushedFile, body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => {
    // Somebody else makes this push now, or is to.
    over.throwIfAborted();
    return putFile(pusher, { url: urlOf(folder, file.name), file, body, credentials, claimed });
  };
  for (const file of files)
    await put(file, createReadStream(await pusher.blobs.localPath(`sha256:${file.sha256}`)));
  const list = new TextEncoder().encode(`${JSON.stringify(manifestOf(claimed, files), null, 2)}\n`);
  await put(describe(list), [list]);
  return folder;
}

function manifestOf({ modelId, variant }: ClaimedPush, files: readonly PushedFile[]): object {
  return {
    model: modelId,
    variant,
    files: files.map(({ name, sizeBytes, sha256 }) => ({ name, size_bytes: sizeBytes, sha256 })),
  };
}

function describe(bytes: Uint8Array): PushedFile {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name: MANIFEST, mediaType: 'application/json', sizeBytes: bytes.length, sha256 };
}

/** Names as S3 signs them: each part escaped once. */
function urlOf(folder: string, name: string): URL {
  return new URL(`${folder}/${name.split('/').map(encodeURIComponent).join('/')}`);
}

interface Upload {
  readonly url: URL;
  readonly file: PushedFile;
  readonly body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly credentials: AwsCredentials;
  readonly claimed: ClaimedPush;
}

async function putFile({ policy, now }: Pusher, upload: Upload): Promise<void> {
  const { url, file, body, credentials, claimed } = upload;
  const request = {
    method: 'PUT',
    url,
    sha256: file.sha256,
    headers: { 'content-type': file.mediaType },
  } as const;
  const headers = await signedHeaders(request, credentials, claimed.region ?? REGION, now());
  const sent = { bytes: body, sizeBytes: file.sizeBytes };
  const { status } = await sendForStatus(
    url.href,
    { method: 'PUT', headers, body: sent, timeoutMs: FILE_MS },
    forPurpose(policy, 'push'),
  );
  if (status < 200 || status >= 300) throw new OutgoingError(`answered ${status} to ${file.name}`);
}

function readCredentials(secret: string | null): AwsCredentials {
  const given: unknown = JSON.parse(secret ?? '{}');
  const read = (name: string): string => {
    const value: unknown = typeof given === 'object' && given !== null ? Reflect.get(given, name) : undefined;
    if (typeof value === 'string') return value;
    throw new Error(`a push to a bucket was stored without its ${name}`);
  };
  return { accessKeyId: read('access_key_id'), secretAccessKey: read('secret_access_key') };
}
