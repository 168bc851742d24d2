import type {
  Dataset,
  DatasetRequest,
  DatasetsClient,
  ReceivedUpload,
  RemoteSource,
} from '../../../contract/client/datasets.js';
import { BUILT_IN_DATASETS } from '../../../contract/datasets.js';
import { StrataError } from '../../../contract/errors.js';
import { FETCHED_DATASETS } from '../../../contract/fetched-datasets.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import { type Quota, quotaReached, requireBytesLeft, takeBytes } from '../../lifecycle/quota.js';
import {
  adoptUpload,
  receiveUpload,
  storedUpload,
  type UploadLimits,
} from '../../lifecycle/receive-upload.js';
import { forPurpose, type OutgoingPolicy } from '../../outgoing/target.js';
import { MAX_DATASETS_PER_TENANT } from '../../process/limits.js';
import type { Database, Transaction } from '../../store/connection/database.js';
import { notify } from '../../store/connection/notify.js';
import { type ImportSource, insertImport } from '../../store/dataset-imports.js';
import {
  countDatasets,
  countJobsOn,
  deleteDataset,
  findDataset,
  findDatasets,
  insertDataset,
  lockDataset,
} from '../../store/datasets.js';
import { newId } from '../../store/ids.js';
import { underLimit } from '../../store/limits.js';
import { deleteUpload, insertUpload } from '../../store/tenant-bytes.js';
import { placeAfter } from '../cursor.js';
import { checkAddresses } from '../outgoing.js';
import { notFound } from '../require-job.js';
import { toDataset } from '../views/datasets.js';
import { pageOf } from '../views/parts.js';

/** Their ids are their names. */
const BUILT_IN_NAMES = [...BUILT_IN_DATASETS, ...FETCHED_DATASETS].map(({ name }) => name);

export interface DatasetParts {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly uploadLimits: UploadLimits;
  readonly quota: Quota;
  /** Rules for the URLs of datasets. */
  readonly policy: OutgoingPolicy;
}

export function datasetMethods(
  { db, blobs, uploadLimits, quota, policy }: DatasetParts,
  tenant: string,
): Omit<DatasetsClient, 'getDatasetStatistics' | 'listDatasetImages' | 'getDatasetImage'> {
  const getDataset = async (id: string) => {
    const row = await findDataset(db, tenant, id);
    return row && toDataset(row);
  };
  return {
    getDataset,
    async receiveUpload(bytes) {
      const left = await requireBytesLeft(db, quota, tenant);
      const fits = left >= uploadLimits.limitBytes;
      const refuse = () => quotaReached((quota ?? 0) - left, quota ?? 0);
      const limits = fits ? uploadLimits : { ...uploadLimits, limitBytes: left, refuse };
      return receiveUpload(bytes, blobs, limits);
    },
    reserveUpload: (id, sizeBytes) =>
      db.$transaction(async (tx) => {
        await takeBytes(tx, quota, tenant, sizeBytes);
        await insertUpload(tx, { id, tenant, sizeBytes });
      }),
    forgetUpload: (id) => deleteUpload(db, tenant, id),
    adoptUpload: (path, id) => adoptUpload(path, blobs, id),
    async createDataset(request, from) {
      const source = 'url' in from ? remoteSource(request, from, policy) : await keptSource(request, from);
      const id = newId('dataset');
      try {
        await underLimit(db, 'dataset', tenant, (tx) =>
          insert(tx, { id, tenant, quota, ...request }, source),
        );
      } catch (error) {
        await blobs.deleteSpool(`${source.importId}/`);
        throw error;
      }
      return (await getDataset(id)) ?? notFound(id);
    },
    async listDatasets({ after, limit }) {
      const rows = await findDatasets(db, tenant, placeAfter(after, 'dataset', BUILT_IN_NAMES), limit + 1);
      const page = pageOf(rows, limit, (row) => row.id);
      return { ...page, data: page.data.map(toDataset) };
    },
    async deleteDataset(id) {
      const importId = await db.$transaction((tx) => remove(tx, tenant, id));
      // A worker that runs the import gets the notification, and deletes everything that it writes after this call.
      if (importId !== null) await blobs.deleteSpool(`${importId}/`);
    },
  };
}

interface Source {
  readonly importId: string;
  readonly bytes: ImportSource;
  readonly shown: NonNullable<Dataset['source']>;
  /** The upload in pieces that it was. */
  readonly adopted: string | null;
}

function remoteSource({ sha256 }: DatasetRequest, { url }: RemoteSource, policy: OutgoingPolicy): Source {
  checkAddresses({ '/url': url }, forPurpose(policy, 'dataset'));
  const shown = { kind: 'url' as const, sha256: null, size_bytes: null };
  const bytes = { kind: 'url' as const, url, sha256: sha256?.toLowerCase() ?? null };
  return { importId: newId('import'), bytes, shown, adopted: null };
}

async function keptSource({ sha256 }: DatasetRequest, received: ReceivedUpload): Promise<Source> {
  const upload = storedUpload(received);
  if (upload.sha256 !== null) checkSha256(sha256, upload.sha256);
  const { uri } = await upload.keep();
  const shown = { kind: 'upload' as const, sha256: upload.sha256, size_bytes: upload.sizeBytes };
  const toHash = upload.sha256 === null ? { toHash: { sha256 } } : {};
  return {
    importId: upload.importId,
    bytes: { kind: 'file', uri, ...toHash },
    shown,
    adopted: upload.adopted,
  };
}

type New = DatasetRequest & { readonly id: string; readonly tenant: string; readonly quota: Quota };

async function insert(tx: Transaction, request: New, source: Source): Promise<void> {
  const { importId, bytes, shown, adopted } = source;
  const { id, tenant, quota, name, format, test_share, image, layout, root, class_order } = request;
  if ((await countDatasets(tx, tenant)) >= MAX_DATASETS_PER_TENANT) {
    const detail = `The limit is ${MAX_DATASETS_PER_TENANT} datasets. Delete one first.`;
    throw new StrataError('limit_reached', detail);
  }
  if (adopted !== null) await deleteUpload(tx, tenant, adopted);
  // A download has no size yet: the worker counts it when it is there.
  const storedBytes = shown.size_bytes ?? 0;
  await takeBytes(tx, quota, tenant, storedBytes);
  if (!(await insertDataset(tx, { id, tenant, name, source: shown, storedBytes })))
    throw new StrataError('dataset_exists', `A dataset named ${name} exists already.`);
  await insertImport(tx, {
    id: importId,
    datasetId: id,
    tenant,
    source: bytes,
    options: { format, test_share, image, layout, root, class_order },
  });
}

/** @returns the id of the import that was under way */
async function remove(tx: Transaction, tenant: string, nameOrId: string): Promise<string | null> {
  const { id } = (await findDataset(tx, tenant, nameOrId)) ?? notFound(nameOrId);
  const dataset = (await lockDataset(tx, tenant, id)) ?? notFound(nameOrId);
  if (dataset.builtIn) throw new StrataError('dataset_in_use', 'Built-in datasets stay.');
  const jobs = await countJobsOn(tx, id);
  if (jobs > 0) throw new StrataError('dataset_in_use', `${jobs} jobs use this dataset. Delete them first.`);
  await deleteDataset(tx, id);
  notify(tx, 'strata_import');
  return dataset.import?.id ?? null;
}

function checkSha256(expected: string | null, actual: string): void {
  if (expected === null || expected.toLowerCase() === actual) return;
  throw new StrataError('checksum_mismatch', `The received bytes have the sha256 ${actual}.`);
}
