import type { ReceivedUpload } from '../../contract/client/datasets.js';
import type { Weights, WeightsRequest } from '../../contract/client/weights.js';
import { StrataError } from '../../contract/errors.js';
import type { Handler, OperationRequest } from '../handler.js';
import { found } from '../http/found.js';

export const createWeights: Handler<'createWeights'> = async (asked) => {
  const weights = await create(asked);
  return { status: 201, headers: { location: `/weights/${weights.id}` }, body: weights };
};

async function create({
  client,
  body,
  upload,
  openUpload,
}: OperationRequest<'createWeights'>): Promise<Weights> {
  const { name, sha256, class_names } = body;
  const request: WeightsRequest = { name, sha256, class_names };
  if ('file' in body) return client.weights.createWeights(request, upload ?? refuseText());
  const { url, upload: id } = body;
  if (typeof url === 'string') return client.weights.createWeights(request, { url });
  const finished = await openUpload(id ?? '');
  const adopted: ReceivedUpload = await client.datasets.adoptUpload(finished.path, finished.id);
  try {
    const weights = await client.weights.createWeights(request, adopted);
    await finished.remove();
    return weights;
  } finally {
    await adopted.discard();
  }
}

/** A form field named `file` that is not a file. */
function refuseText(): never {
  const message = 'Must be a file, as in `curl -F file=@model.safetensors`.';
  throw new StrataError('invalid_request', undefined, { errors: [{ pointer: '/file', message }] });
}

export const listWeights: Handler<'listWeights'> = async ({ client, query }) => ({
  status: 200,
  body: await client.weights.listWeights(query),
});

export const getWeights: Handler<'getWeights'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.weights.getWeights(id), 'weights', id),
});

export const deleteWeights: Handler<'deleteWeights'> = async ({ client, params: { id } }) => {
  await client.weights.deleteWeights(id);
  return { status: 204 };
};
