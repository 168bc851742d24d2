import { Readable } from 'node:stream';
import type { Dataset, DatasetRequest } from '../../contract/client/datasets.js';
import type { TenantClient } from '../../contract/client/tenant.js';
import { StrataError } from '../../contract/errors.js';
import type { Handler, OperationRequest } from '../handler.js';
import { found } from '../http/found.js';

export const createDataset: Handler<'createDataset'> = async (asked) => {
  const dataset = await create(asked);
  return { status: 201, headers: { location: `/datasets/${dataset.id}` }, body: dataset };
};

async function create({
  client,
  body,
  upload,
  openUpload,
}: OperationRequest<'createDataset'>): Promise<Dataset> {
  if ('file' in body) {
    const { file: _, ...request } = body;
    // A form field named `file` that is not a file.
    return client.datasets.createDataset(
      request,
      upload ?? refuse('/file', 'Must be a file, as in `curl -F file=@data.zip`.'),
    );
  }
  // The contract lets exactly one of them be text.
  const { url, upload: id, ...request } = body;
  if (typeof url === 'string') return client.datasets.createDataset(request, { url });
  return createFrom(client, request, await openUpload(id ?? ''));
}

async function createFrom(
  client: TenantClient,
  request: DatasetRequest,
  finished: Awaited<ReturnType<OperationRequest<'createDataset'>['openUpload']>>,
): Promise<Dataset> {
  const upload = await client.datasets.adoptUpload(finished.path, finished.id);
  try {
    const dataset = await client.datasets.createDataset(request, upload);
    await finished.remove();
    return dataset;
  } finally {
    await upload.discard();
  }
}

function refuse(pointer: string, message: string): never {
  throw new StrataError('invalid_request', undefined, { errors: [{ pointer, message }] });
}

export const deleteDataset: Handler<'deleteDataset'> = async ({ client, params: { id } }) => {
  await client.datasets.deleteDataset(id);
  return { status: 204 };
};

export const getDataset: Handler<'getDataset'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.datasets.getDataset(id), 'dataset', id),
});

export const listDatasets: Handler<'listDatasets'> = async ({ client, query }) => ({
  status: 200,
  body: await client.datasets.listDatasets(query),
});

export const getDatasetStatistics: Handler<'getDatasetStatistics'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: await client.datasets.getDatasetStatistics(id),
});

export const listDatasetImages: Handler<'listDatasetImages'> = async ({ client, params, query }) => ({
  status: 200,
  body: await client.datasets.listDatasetImages(params.id, query),
});

export const getDatasetImage: Handler<'getDatasetImage'> = async ({ client, params }) => {
  const { bytes, mediaType } = await client.datasets.getDatasetImage(params.id, params.split, params.index);
  const headers = {
    'content-type': mediaType,
    'content-length': String(bytes.length),
    // A name can be given to other images: only ids name the same ones for ever, and few pictures are read twice.
    'cache-control': 'private, max-age=60',
  };
  return { status: 200, headers, body: Readable.from([bytes]) };
};
