import type { PredictionImages } from '../../contract/client/models.js';
import type { components } from '../../contract/generated/openapi.js';
import type { Handler } from '../handler.js';
import { found } from '../http/found.js';

export const listModels: Handler<'listModels'> = async ({ client, query }) => ({
  status: 200,
  body: await client.models.listModels(query),
});

export const compareModels: Handler<'compareModels'> = async ({ client, query: { a, b } }) => ({
  status: 200,
  body: await client.models.compareModels(a, b),
});

export const deleteModel: Handler<'deleteModel'> = async ({ client, params: { id } }) => {
  await client.models.deleteModel(id);
  return { status: 204 };
};

export const getModel: Handler<'getModel'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.models.getModel(id), 'model', id),
});

export const getModelEvaluation: Handler<'getModelEvaluation'> = async ({ client, params, query }) => ({
  status: 200,
  body: await client.models.getModelEvaluation(params.id, query.variant),
});

export const listModelErrors: Handler<'listModelErrors'> = async ({ client, params, query }) => ({
  status: 200,
  body: await client.models.listModelErrors(params.id, query),
});

export const listModelTagChanges: Handler<'listModelTagChanges'> = async ({ client, params, query }) => ({
  status: 200,
  body: await client.models.listModelTagChanges(params.id, { after: query.after, limit: query.limit }),
});

export const listModelPushes: Handler<'listModelPushes'> = async ({ client, params }) => ({
  status: 200,
  body: await client.models.listModelPushes(params.id),
});

export const pushModel: Handler<'pushModel'> = async ({ client, params, body }) => ({
  status: 202,
  body: await client.models.pushModel(params.id, body),
});

export const predict: Handler<'predict'> = async ({ client, params: { id }, query, body, leaving }) => {
  const question = { ...imagesOf(body), variant: query.variant, topK: query.top_k };
  return { status: 200, body: await client.models.predict(id, question, leaving) };
};

type Body = components['schemas']['PredictionRequest'] | Uint8Array;

/** The contract allows exactly one of the three fields in a JSON body. */
function imagesOf(body: Body): PredictionImages {
  if (body instanceof Uint8Array) {
    return { kind: 'encoded', items: [Buffer.from(body).toString('base64')], pointer: () => '' };
  }
  const { image, images, pixels } = body;
  if (image !== undefined) return { kind: 'encoded', items: [plainBase64(image)], pointer: () => '/image' };
  if (images !== undefined) {
    return { kind: 'encoded', items: images.map(plainBase64), pointer: (index) => `/images/${index}` };
  }
  const items = (pixels ?? []).map(plainBase64);
  return { kind: 'pixels', items, pointer: (index) => `/pixels/${index}` };
}

/** Without the beginning of a data URL, and without the line breaks that `base64` and MIME make. */
function plainBase64(text: string): string {
  const start = text.startsWith('data:') ? text.indexOf(',') + 1 : 0;
  return text.slice(start).replaceAll(/\s+/g, '');
}

export const tagModel: Handler<'tagModel'> = async ({ client, params: { id, tag } }) => ({
  status: 200,
  body: await client.models.tagModel(id, tag),
});

export const untagModel: Handler<'untagModel'> = async ({ client, params: { id, tag } }) => {
  await client.models.untagModel(id, tag);
  return { status: 204 };
};

export const updateModel: Handler<'updateModel'> = async ({ client, params: { id }, body }) => ({
  status: 200,
  body: await client.models.updateModel(id, body),
});

export const getModelLineage: Handler<'getModelLineage'> = async ({ client, params }) => ({
  status: 200,
  body: await client.models.getModelLineage(params.id),
});

export const getModelStatement: Handler<'getModelStatement'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: await client.models.getModelStatement(id),
});

export const getModelBillOfMaterials: Handler<'getModelBillOfMaterials'> = async ({ client, params }) => ({
  status: 200,
  body: await client.models.getModelBillOfMaterials(params.id),
});

export const getSigningKey: Handler<'getSigningKey'> = async ({ client }) => ({
  status: 200,
  body: await client.models.getSigningKey(),
});

export const createReproduction: Handler<'createReproduction'> = async ({ client, params, caller }) => {
  const body = await client.models.createReproduction(params.id, caller.principal.keyId);
  return { status: 202, headers: { location: body.links.self }, body };
};

export const listReproductions: Handler<'listReproductions'> = async ({ client, params, query }) => ({
  status: 200,
  body: await client.models.listReproductions(params.id, { after: query.after, limit: query.limit }),
});

export const getReproduction: Handler<'getReproduction'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.models.getReproduction(id), 'reproduction', id),
});
