import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { retryClassOf } from '../../../contract/errors.js';
import type { FetchedDataset, OfficialFile } from '../../../contract/fetched-datasets.js';
import { within } from '../../../contract/within.js';
import {
  checkStatus,
  FetchError,
  type Fetched,
  type FetchOptions,
  toFetchError,
} from '../../lifecycle/fetch-source.js';
import { receiveUpload } from '../../lifecycle/receive-upload.js';
import { openResponse } from '../../outgoing/send.js';

interface Source {
  readonly name: string;
  readonly sizeBytes: number;
  open(): Promise<AsyncIterable<Uint8Array>>;
}

/**
 * Packs the files of a built-in dataset into one archive, like an upload. It takes them from this machine if it has
 * them, otherwise from their official addresses, whose checksums are known. @throws FetchError dataset_unavailable,
 * with the remedy
 */
export async function gatherBuiltIn(
  { importId, dataset }: { readonly importId: string; readonly dataset: FetchedDataset },
  options: FetchOptions,
  signal: AbortSignal,
): Promise<Fetched> {
  const ends = within(options.timeoutMs, signal);
  try {
    const sources = await Promise.all(dataset.files.map((file) => sourceOf(file, dataset, options, ends)));
    const [first] = sources;
    const bytes = sources.length === 1 ? await first!.open() : archiveOf(sources);
    const upload = await receiveUpload(bytes, options.blobs, options.limits, importId);
    await upload.keep();
    return upload;
  } catch (error) {
    const { code, message } = toFetchError(error, options.timeoutMs);
    // The disk is at fault, not the files.
    if (retryClassOf(code) === 'wait') throw new FetchError(code, message);
    throw new FetchError('dataset_unavailable', `${message} ${remedyFor(dataset)}`);
  }
}

function remedyFor({ files, debian }: FetchedDataset): string {
  const names = files.map(({ name }) => name).join(', ');
  const installed =
    debian === null ? '' : `, or install the Debian package ${debian.name} where the worker runs`;
  return `Put ${names} from ${new URL('.', files[0]!.url)} into the folder that STRATA_DATASETS names${installed}. Then create the job again.`;
}

async function sourceOf(
  file: OfficialFile,
  { name: dataset, debian }: FetchedDataset,
  { policy, folder }: FetchOptions,
  signal: AbortSignal,
): Promise<Source> {
  const folders = [...(folder ? [folder, join(folder, dataset)] : []), ...(debian ? [debian.folder] : [])];
  const { name, url, sizeBytes } = file;
  for (const path of folders.map((place) => join(place, name))) {
    const found = await stat(path).catch(() => null);
    if (found?.isFile())
      return { name, sizeBytes: found.size, open: async () => createReadStream(path, { signal }) };
  }
  return {
    name,
    sizeBytes,
    async open() {
      const response = await openResponse(url, policy, signal);
      checkStatus(response.statusCode ?? 0, response.headers.location);
      return checked(response, file);
    },
  };
}

/** @throws FetchError checksum_mismatch, at the end of the bytes */
async function* checked(bytes: AsyncIterable<Uint8Array>, { url, sha256 }: OfficialFile) {
  const hash = createHash('sha256');
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
  const found = hash.digest('hex');
  if (found === sha256) return;
  throw new FetchError('checksum_mismatch', `The bytes at ${url} have the sha256 ${found}, not ${sha256}.`);
}

/** A tar archive of the files. Each file is opened when it is read. */
async function* archiveOf(sources: readonly Source[]): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const fill = async () => {
    for (const { name, sizeBytes, open } of sources)
      await pipeline(await open(), tar.entry({ name, size: sizeBytes }));
    tar.finalize();
  };
  // Started by the first read, because a stream of this kind that fails before its first read hangs forever.
  fill().catch((error) => tar.destroy(error));
  yield* tar as AsyncIterable<Uint8Array>;
}
