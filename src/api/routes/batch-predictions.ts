import { Readable } from 'node:stream';
import type {
  BatchInput,
  BatchPrediction,
  BatchPredictionFile,
  BatchPredictionRequest,
} from '../../contract/client/batches.js';
import type { Handler, OperationRequest } from '../handler.js';
import { attachment } from '../http/content-disposition.js';
import { found } from '../http/found.js';

export const createBatchPrediction: Handler<'createBatchPrediction'> = async (asked) => {
  const { client, body } = asked;
  const { dataset, upload, split } = body.input;
  // The contract lets exactly one of them be text.
  const batch =
    typeof dataset === 'string'
      ? await client.batches.createBatchPrediction(requestOf(body, { dataset, split: split ?? 'test' }))
      : await createFrom(asked, upload ?? '');
  return { status: 202, headers: { location: batch.links.self }, body: batch };
};

async function createFrom(
  { client, body, openUpload }: OperationRequest<'createBatchPrediction'>,
  id: string,
): Promise<BatchPrediction> {
  const finished = await openUpload(id);
  const upload = await client.datasets.adoptUpload(finished.path, finished.id);
  try {
    const batch = await client.batches.createBatchPrediction(requestOf(body, { upload }));
    await finished.remove();
    return batch;
  } finally {
    await upload.discard();
  }
}

function requestOf(
  body: OperationRequest<'createBatchPrediction'>['body'],
  input: BatchInput,
): BatchPredictionRequest {
  const { model, variant = 'full', output, include = [], cascade = null } = body;
  return {
    ...{ model, variant, cascade, input },
    format: output?.format ?? 'jsonl',
    topK: body.top_k ?? 5,
    embedding: include.includes('embedding'),
    maxFailedShare: body.max_failed_share ?? 0.01,
  };
}

export const listBatchPredictions: Handler<'listBatchPredictions'> = async ({ client, query }) => ({
  status: 200,
  body: await client.batches.listBatchPredictions(query),
});

export const getBatchPrediction: Handler<'getBatchPrediction'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.batches.getBatchPrediction(id), 'batch prediction', id),
});

export const cancelBatchPrediction: Handler<'cancelBatchPrediction'> = async ({
  client,
  params: { id },
}) => ({
  status: 200,
  body: await client.batches.cancelBatchPrediction(id),
});

export const deleteBatchPrediction: Handler<'deleteBatchPrediction'> = async ({ client, params: { id } }) => {
  await client.batches.deleteBatchPrediction(id);
  return { status: 204 };
};

export const downloadBatchPrediction: Handler<'downloadBatchPrediction'> = async ({
  client,
  params: { id },
}) => download(await client.batches.downloadBatchPrediction(id), id);

export const downloadBatchPredictionErrors: Handler<'downloadBatchPredictionErrors'> = async ({
  client,
  params: { id },
}) => download(await client.batches.downloadBatchPredictionErrors(id), `${id}-errors`);

function download({ format, chunks }: BatchPredictionFile, name: string) {
  const headers = {
    'content-type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson',
    'content-disposition': attachment(`${name}.${format}`),
  };
  return { status: 200 as const, headers, body: Readable.from(chunks, { objectMode: false }) };
}
