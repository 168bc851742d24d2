import type { ReceivedUpload, RemoteSource } from '../../../contract/client/datasets.js';
import type { Weights, WeightsClient, WeightsRequest } from '../../../contract/client/weights.js';
import { StrataError } from '../../../contract/errors.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import { sha256OfFile } from '../../../storage/files.js';
import { FetchError, fetchSource } from '../../lifecycle/fetch-source.js';
import { type Quota, requireBytesLeft, takeBytes } from '../../lifecycle/quota.js';
import { storedUpload, type UploadLimits } from '../../lifecycle/receive-upload.js';
import { forPurpose, type OutgoingPolicy } from '../../outgoing/target.js';
import { MAX_WEIGHTS_PER_TENANT, WEIGHTS_FETCH_MS } from '../../process/limits.js';
import type { Database, Transaction } from '../../store/connection/database.js';
import { newId } from '../../store/ids.js';
import { underLimit } from '../../store/limits.js';
import { deleteUpload } from '../../store/tenant-bytes.js';
import {
  countJobsFrom,
  countWeights,
  deleteWeights,
  findWeights,
  insertWeights,
  listWeights,
  type NewWeights,
} from '../../store/weights.js';
import { placeAfter } from '../cursor.js';
import { checkAddresses } from '../outgoing.js';
import { notFound } from '../require-job.js';
import { pageOf } from '../views/parts.js';
import { toWeights } from '../views/weights.js';
import { type ConvertedWeights, convertWeights } from './convert.js';
import type { FetchPlaces } from './fetch-places.js';

export interface WeightsParts {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly uploadLimits: UploadLimits;
  readonly quota: Quota;
  /** Rules for URLs: those of datasets. */
  readonly policy: OutgoingPolicy;
  readonly fetchPlaces: FetchPlaces;
}

export function weightsMethods(parts: WeightsParts, tenant: string): WeightsClient {
  const { db, blobs } = parts;
  return {
    async createWeights(request, from) {
      const source = await ('url' in from
        ? fetched(request, from, parts, tenant)
        : received(request, from, blobs));
      try {
        const converted = await convertWeights(source.path, blobs, `${source.importId}/weights`);
        return await underLimit(db, 'weights', tenant, (tx) =>
          insert(tx, { tenant, quota: parts.quota, request, source, converted }),
        );
      } finally {
        await blobs.deleteSpool(`${source.importId}/`);
      }
    },
    async listWeights({ after, limit }) {
      const rows = await listWeights(db, tenant, placeAfter(after, 'weights'), limit + 1);
      const page = pageOf(rows, limit, (row) => row.id);
      return { ...page, data: page.data.map(toWeights) };
    },
    async getWeights(id) {
      const row = await findWeights(db, tenant, id);
      return row && toWeights(row);
    },
    async deleteWeights(id) {
      const jobs = await countJobsFrom(db, tenant, id);
      if (jobs > 0)
        throw new StrataError('weights_in_use', `${jobs} unfinished jobs start from these weights.`);
      if (!(await db.$transaction((tx) => deleteWeights(tx, tenant, id)))) notFound(id);
    },
  };
}

/** A file on this host, among the spool files of `importId`. */
interface Source {
  readonly importId: string;
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly kind: Weights['source'];
  /** The upload in pieces that it was. */
  readonly adopted: string | null;
}

async function fetched(
  { sha256 }: WeightsRequest,
  { url }: RemoteSource,
  { db, blobs, quota, uploadLimits, policy, fetchPlaces }: WeightsParts,
  tenant: string,
): Promise<Source> {
  const rules = forPurpose(policy, 'dataset');
  checkAddresses({ '/url': url }, rules);
  const left = await requireBytesLeft(db, quota, tenant);
  const limits = { ...uploadLimits, limitBytes: Math.min(uploadLimits.limitBytes, left) };
  const importId = newId('import');
  const wanted = { importId, url, sha256: sha256?.toLowerCase() ?? null };
  const never = new AbortController().signal;
  const options = { blobs, policy: rules, limits, timeoutMs: WEIGHTS_FETCH_MS };
  const fetch = () => fetchSource(wanted, options, never);
  const file = await fetchPlaces.run(tenant, fetch).catch((error: unknown) => {
    throw error instanceof FetchError ? new StrataError(error.code, error.message) : error;
  });
  const path = await blobs.localPath(`spool:${importId}/source`);
  return { importId, path, ...file, kind: 'url', adopted: null };
}

async function received(
  { sha256: wanted }: WeightsRequest,
  given: ReceivedUpload,
  blobs: BlobStore,
): Promise<Source> {
  const upload = storedUpload(given);
  const { importId, sizeBytes, adopted } = upload;
  const path = await blobs.localPath((await upload.keep()).uri);
  const sha256 = upload.sha256 ?? (await sha256OfFile(path));
  if (wanted !== null && wanted.toLowerCase() !== sha256) {
    await blobs.deleteSpool(`${importId}/`);
    throw new StrataError('checksum_mismatch', `The received bytes have the sha256 ${sha256}.`);
  }
  return { importId, path, sha256, sizeBytes, kind: 'upload', adopted };
}

interface Insert {
  readonly tenant: string;
  readonly quota: Quota;
  readonly request: WeightsRequest;
  readonly source: Source;
  readonly converted: ConvertedWeights;
}

async function insert(tx: Transaction, { tenant, quota, source, ...made }: Insert): Promise<Weights> {
  if ((await countWeights(tx, tenant)) >= MAX_WEIGHTS_PER_TENANT) {
    const detail = `The limit is ${MAX_WEIGHTS_PER_TENANT} weights. Delete some first.`;
    throw new StrataError('limit_reached', detail);
  }
  const row = { id: newId('weights'), tenant, ...rowOf(source, made) };
  if (source.adopted !== null) await deleteUpload(tx, tenant, source.adopted);
  await takeBytes(tx, quota, tenant, row.storedBytes);
  return toWeights(await insertWeights(tx, row));
}

function rowOf(
  { kind, sha256, sizeBytes }: Source,
  { request, converted: { network, padding, blob } }: Pick<Insert, 'request' | 'converted'>,
): Omit<NewWeights, 'id' | 'tenant'> {
  const { layout, model, channels, classes } = network;
  const { name, class_names: classNames } = request;
  if (classNames !== null && classNames.length !== classes) {
    const message = `The network has ${classes} classes, not ${classNames.length}.`;
    throw new StrataError('invalid_request', undefined, { errors: [{ pointer: '/class_names', message }] });
  }
  return {
    name,
    layout: layout.name,
    network: { ...model, padding },
    channels,
    classes,
    classNames,
    sha256,
    sizeBytes,
    source: kind,
    uri: blob.uri,
    storedBytes: blob.size_bytes,
  };
}
