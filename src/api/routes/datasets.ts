import { StrataError } from '../../contract/errors.js';
import type { Dataset, DatasetRequest, JobsClient } from '../../contract/jobs-client.js';
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
    // A field of that name that is no file.
    return client.createDataset(
      request,
      upload ?? refuse('/file', 'Must be a file: `curl -F file=@data.zip`.'),
    );
  }
  const { url, upload: id, ...request } = body;
  if ((url === null) === (id === null)) refuse('', 'Give either `url` or `upload`.');
  if (url !== null) return client.createDataset(request, { url });
  return createFrom(client, request, await openUpload(id ?? ''));
}

async function createFrom(
  client: JobsClient,
  request: DatasetRequest,
  finished: Awaited<ReturnType<OperationRequest<'createDataset'>['openUpload']>>,
): Promise<Dataset> {
  const upload = await client.receiveUpload(finished.bytes());
  try {
    const dataset = await client.createDataset(request, upload);
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
  await client.deleteDataset(id);
  return { status: 204 };
};

export const getDataset: Handler<'getDataset'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.getDataset(id), 'dataset', id),
});

export const listDatasets: Handler<'listDatasets'> = async ({ client, query }) => ({
  status: 200,
  body: await client.listDatasets(query),
});
