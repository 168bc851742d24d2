import { Readable } from 'node:stream';
import type { BatchPredictionFile } from '../../contract/client/batches.js';
import type { Handler } from '../handler.js';
import { attachment } from '../http/content-disposition.js';
import { found } from '../http/found.js';

export const createBatchPrediction: Handler<'createBatchPrediction'> = async ({ client, body }) => {
  const { model, variant = 'full', input, output, include = [], cascade = null } = body;
  const batch = await client.batches.createBatchPrediction({
    ...{ model, variant, cascade },
    dataset: input.dataset,
    split: input.split ?? 'test',
    format: output?.format ?? 'jsonl',
    topK: body.top_k ?? 5,
    embedding: include.includes('embedding'),
    maxFailedShare: body.max_failed_share ?? 0.01,
  });
  return { status: 202, headers: { location: batch.links.self }, body: batch };
};

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
