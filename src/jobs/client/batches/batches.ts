import { csvHead } from '../../../contract/batch-csv.js';
import type { BlobUri } from '../../../contract/blob-uri.js';
import type {
  BatchInput,
  BatchPredictionRequest,
  BatchPredictionsClient,
} from '../../../contract/client/batches.js';
import type { ReceivedUpload } from '../../../contract/client/datasets.js';
import { StrataError } from '../../../contract/errors.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import { type Quota, requireBytesLeft, takeBytes } from '../../lifecycle/quota.js';
import { storedUpload } from '../../lifecycle/receive-upload.js';
import { IMAGES_PER_PART, MAX_BATCH_PREDICTIONS_PER_TENANT } from '../../process/limits.js';
import { findLines } from '../../store/batch-parts.js';
import {
  countBatches,
  deleteBatch,
  endBatch,
  findBatch,
  findBatches,
  insertBatch,
  lockUnfinishedBatch,
  type NewBatchPrediction,
} from '../../store/batch-predictions.js';
import type { Database, Transaction } from '../../store/connection/database.js';
import { findDataset } from '../../store/datasets.js';
import { newId } from '../../store/ids.js';
import { underLimit } from '../../store/limits.js';
import type { ModelRow } from '../../store/models.js';
import type * as Rows from '../../store/rows.js';
import { deleteUpload } from '../../store/tenant-bytes.js';
import { placeAfter } from '../cursor.js';
import { type DatasetFiles, preparedManifest } from '../datasets/images.js';
import { requireModel } from '../models/require-model.js';
import { notFound } from '../require-job.js';
import { readStored } from '../stored.js';
import { toBatchPrediction } from '../views/batch-prediction.js';
import { pageOf } from '../views/parts.js';
import { countImages, planBatch } from './setup.js';

export interface BatchParts {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly quota: Quota;
  readonly datasetFiles: DatasetFiles;
}

export function batchMethods(parts: BatchParts, tenant: string): BatchPredictionsClient {
  const { db, blobs, quota } = parts;
  const requireRow = async (id: string): Promise<Rows.BatchPrediction> =>
    (await findBatch(db, tenant, id)) ?? notFound(id);
  /** A worker that unpacks the upload loses its part, and deletes what it writes after this. */
  const forget = async (importId: string | null): Promise<void> => {
    if (importId !== null) await blobs.deleteSpool(`${importId}/`);
  };
  return {
    async createBatchPrediction(request) {
      await requireBytesLeft(db, quota, tenant);
      const planned = await planFor(parts, tenant, request);
      const { input } = request;
      const adopted = 'upload' in input ? await kept(input.upload) : null;
      const insert = (tx: Transaction) => insertUnderLimit(tx, planned, adopted, quota);
      try {
        return toBatchPrediction(await underLimit(db, 'batch-prediction', tenant, insert));
      } catch (error) {
        if (planned.upload !== null) await blobs.deleteSpool(`${planned.upload.importId}/`);
        throw error;
      }
    },
    async listBatchPredictions({ after, limit, model }) {
      const place = placeAfter(after, 'batch');
      const query = { tenant, modelId: model ?? null, after: place, limit: limit + 1 };
      const page = pageOf(await findBatches(db, query), limit, (row) => row.id);
      return { ...page, data: page.data.map(toBatchPrediction) };
    },
    async getBatchPrediction(id) {
      const row = await findBatch(db, tenant, id);
      return row && toBatchPrediction(row);
    },
    async cancelBatchPrediction(id) {
      const { importId } = await requireRow(id);
      await db.$transaction(async (tx) => {
        if (await lockUnfinishedBatch(tx, id)) await endBatch(tx, id, { state: 'cancelled' });
      });
      await forget(importId);
      return toBatchPrediction(await requireRow(id));
    },
    async deleteBatchPrediction(id) {
      const { importId } = await requireRow(id);
      if (!(await db.$transaction((tx) => deleteBatch(tx, tenant, id)))) notFound(id);
      await forget(importId);
    },
    async downloadBatchPrediction(id) {
      const row = requireEnd(await requireRow(id));
      const { format, topK, classes } = row.setup;
      const head = format === 'csv' ? csvHead(topK, classes.length) : '';
      const uris = (await findLines(db, id)).map(({ uri }) => uri);
      return { format, chunks: joined(blobs, id, Buffer.from(head), uris) };
    },
    async downloadBatchPredictionErrors(id) {
      requireEnd(await requireRow(id));
      const uris = (await findLines(db, id)).map(({ errorsUri }) => errorsUri);
      return { format: 'jsonl', chunks: joined(blobs, id, Buffer.from(''), uris) };
    },
  };
}

/** The batch prediction that a request asks for, with all that its parts need. */
async function planFor(
  parts: BatchParts,
  tenant: string,
  request: BatchPredictionRequest,
): Promise<NewBatchPrediction> {
  const model = await requireModel(parts.db, tenant, request.model);
  const { manifest, ...images } = await imagesOf(parts, tenant, request.input, model);
  const common = planBatch(request, model);
  const { variant, maxFailedShare } = request;
  return {
    id: newId('batch'),
    ...{ tenant, variant, maxFailedShare },
    ...images,
    setup: { ...common, manifest, split: images.split },
    modelId: model.id,
    modelName: model.name,
  };
}

type Images = Pick<
  NewBatchPrediction,
  'datasetId' | 'datasetName' | 'datasetSha256' | 'split' | 'upload' | 'total'
>;

async function imagesOf(
  { db, datasetFiles }: BatchParts,
  tenant: string,
  input: BatchInput,
  model: ModelRow,
): Promise<Images & { readonly manifest: BlobUri | null }> {
  if ('upload' in input) {
    const { importId, sha256, sizeBytes } = storedUpload(input.upload);
    const none = { datasetId: null, datasetName: null, datasetSha256: null, split: null, manifest: null };
    return { ...none, upload: { importId, sha256, sizeBytes }, total: 0 };
  }
  const dataset = (await findDataset(db, tenant, input.dataset)) ?? notFound(input.dataset);
  const uri = preparedManifest(dataset);
  const manifest = await readStored(dataset.name, () => datasetFiles.manifest(uri));
  return {
    datasetId: dataset.id,
    datasetName: dataset.name,
    datasetSha256: uri.slice('sha256:'.length),
    split: input.split,
    upload: null,
    total: countImages(manifest, input.split, model),
    manifest: uri,
  };
}

/** Moves an upload to its place. @returns the id of the upload in pieces that it was */
async function kept(upload: ReceivedUpload): Promise<string | null> {
  const stored = storedUpload(upload);
  await stored.keep();
  return stored.adopted;
}

async function insertUnderLimit(
  tx: Transaction,
  planned: NewBatchPrediction,
  adopted: string | null,
  quota: Quota,
): Promise<Rows.BatchPrediction> {
  if ((await countBatches(tx, planned.tenant)) >= MAX_BATCH_PREDICTIONS_PER_TENANT) {
    const detail = `The limit is ${MAX_BATCH_PREDICTIONS_PER_TENANT} batch predictions. Delete some first.`;
    throw new StrataError('limit_reached', detail);
  }
  const { tenant, upload } = planned;
  if (adopted !== null) await deleteUpload(tx, tenant, adopted);
  if (upload !== null) await takeBytes(tx, quota, tenant, upload.sizeBytes);
  return insertBatch(tx, planned, IMAGES_PER_PART);
}

/** @throws StrataError batch_unfinished */
function requireEnd(row: Rows.BatchPrediction): Rows.BatchPrediction {
  if (row.state === 'succeeded' || row.state === 'failed') return row;
  throw new StrataError('batch_unfinished', `The state of ${row.id} is ${row.state}.`);
}

/** The pieces of a file, one after another: only one is in memory at a time. */
async function* joined(
  blobs: BlobStore,
  id: string,
  head: Uint8Array,
  uris: readonly (BlobUri | null)[],
): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (const uri of uris) {
    if (uri !== null) yield await readStored(`the result of ${id}`, () => blobs.get(uri));
  }
}
