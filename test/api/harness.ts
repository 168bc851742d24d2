import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import responseValidation from '@fastify/response-validation';
import type { AnySchema, ErrorObject } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { buildApp } from '../../src/api/app.js';
import { memoize } from '../../src/contract/memoize.js';
import { FakeClient } from './fake/fake-client.js';
import { FakeService } from './fake/fake-service.js';

/** The smallest job worth posting; every other field has a default. */
export const QUICK = {
  dataset: 'mnist',
  model: { depth: 8, width: 8 },
  epochs: 1,
  max_train_samples: 2048,
  batch_size: 64,
};

/** The API on a fake client, its answers checked against the contract. */
export async function buildTestApp(
  client: FakeClient,
  service = new FakeService(client),
): Promise<FastifyInstance> {
  return buildApp(service, {
    logLevel: 'silent',
    loopback: true,
    requestsPerMinute: 0,
    instrument: validateResponses,
  });
}

/** A fresh app for the tests of a file, closed after them. */
export function useApp() {
  const context = {} as { app: FastifyInstance; client: FakeClient; service: FakeService };
  before(async () => {
    context.client = new FakeClient();
    context.service = new FakeService(context.client);
    context.app = await buildTestApp(context.client, context.service);
  });
  after(() => context.app.close());
  const call = async (method: InjectOptions['method'] & string, url: string, options: InjectOptions = {}) =>
    context.app.inject({ method: method as 'GET', url, ...options });
  const createJob = async (spec: object = QUICK): Promise<string> => {
    const response = await call('POST', '/jobs', { payload: spec });
    assert.equal(response.statusCode, 201, response.body);
    return response.json().id;
  };
  return { context, call, createJob };
}

/** Turns an answer that breaks the contract into a failure. */
export async function validateResponses(app: FastifyInstance): Promise<void> {
  const ajv = new Ajv2020({ strict: false, allErrors: true, coerceTypes: false });
  addFormats.default(ajv);
  compileLazily(ajv);
  // Its types know only the older dialect of the same class.
  await app.register(responseValidation, { ajv: ajv as never, responseStatusCodeValidation: true });
}

/** Compiles each schema when the first value is checked: a test asks for few of the contract's answers. */
function compileLazily(ajv: Ajv2020): void {
  const compile = (schema: AnySchema) => Ajv2020.prototype.compile.call(ajv, schema);
  Object.assign(ajv, {
    compile(schema: AnySchema) {
      const compiled = memoize(() => compile(schema), { max: 1 });
      const validate = (value: unknown) => {
        const isValid = compiled()(value);
        validate.errors = compiled().errors;
        return isValid;
      };
      validate.errors = undefined as ErrorObject[] | null | undefined;
      return validate;
    },
  });
}
