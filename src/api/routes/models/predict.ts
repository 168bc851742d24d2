import type { components } from '../../../contract/generated/openapi.js';
import type { PredictionImages } from '../../../contract/models-client.js';
import type { Handler } from '../../operations.js';

export const predict: Handler<'predict'> = async ({ client, params: { id }, query, body }) => ({
  status: 200,
  body: await client.predict(id, { ...imagesOf(body), variant: query.variant, topK: query.top_k }),
});

type Body = components['schemas']['PredictionRequest'] | Uint8Array;

/** The contract lets a JSON body have one of the three fields. */
function imagesOf(body: Body): PredictionImages {
  if (body instanceof Uint8Array) {
    return { kind: 'encoded', items: [Buffer.from(body).toString('base64')], pointer: () => '' };
  }
  const { image, images, pixels } = body;
  if (image !== undefined) return { kind: 'encoded', items: [image], pointer: () => '/image' };
  if (images !== undefined) {
    return { kind: 'encoded', items: images, pointer: (index) => `/images/${index}` };
  }
  return { kind: 'pixels', items: pixels ?? [], pointer: (index) => `/pixels/${index}` };
}
