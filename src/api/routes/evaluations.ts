import type { Handler } from '../handler.js';
import { found } from '../http/found.js';
import { jsonLines } from '../http/json-lines.js';

export const createEvaluation: Handler<'createEvaluation'> = async ({ client, body }) => {
  const { variant = 'full', split = 'test', tta = 'none', cascade = false, slices = [] } = body;
  const request = { ...body, variant, split, tta, cascade, slices };
  const evaluation = await client.evaluations.createEvaluation(request);
  return { status: 202, headers: { location: evaluation.links.self }, body: evaluation };
};

export const listEvaluations: Handler<'listEvaluations'> = async ({ client, query }) => ({
  status: 200,
  body: await client.evaluations.listEvaluations(query),
});

export const compareEvaluations: Handler<'compareEvaluations'> = async ({ client, query: { a, b } }) => ({
  status: 200,
  body: await client.evaluations.compareEvaluations(a, b),
});

export const getEvaluation: Handler<'getEvaluation'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.evaluations.getEvaluation(id), 'evaluation', id),
});

export const sliceEvaluation: Handler<'sliceEvaluation'> = async ({ client, params: { id }, body }) => ({
  status: 200,
  body: await client.evaluations.sliceEvaluation(id, body.slices),
});

export const cancelEvaluation: Handler<'cancelEvaluation'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: await client.evaluations.cancelEvaluation(id),
});

export const deleteEvaluation: Handler<'deleteEvaluation'> = async ({ client, params: { id } }) => {
  await client.evaluations.deleteEvaluation(id);
  return { status: 204 };
};

export const getEvaluationPredictions: Handler<'getEvaluationPredictions'> = async ({
  client,
  params: { id },
}) => ({
  status: 200,
  headers: { 'content-type': 'application/x-ndjson' },
  body: jsonLines(await client.evaluations.getEvaluationPredictions(id)),
});
