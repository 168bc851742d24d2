import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Handler, Handlers, OperationId, ServiceState } from '../../src/api/handler.js';
import { handlers } from '../../src/api/routes/index.js';
import type { TenantClient } from '../../src/contract/client/tenant.js';

// Each line below must fail to compile; `npx tsc` complains where one does not.

// @ts-expect-error an operation is missing
const missing: Handlers = { createJob: handlers.createJob };

// @ts-expect-error 200 is not a status of cancelJob
const wrongStatus: Handler<'cancelJob'> = async ({ client }) => ({
  status: 200,
  body: await client.jobs.cancelJob('x', { force: true }),
});

// @ts-expect-error listWorkers answers no datasets
const wrongBody: Handler<'listWorkers'> = async ({ client }) => ({
  status: 200,
  body: await client.datasets.listDatasets({ limit: 1 }),
});

// @ts-expect-error getJob has no query
const wrongInput: Handler<'getJob'> = async ({ query }) => ({ status: 200, body: query.verbose });

type MethodOf<Resources> = { [Name in keyof Resources]: keyof Resources[Name] }[keyof Resources];
type ClientMethod = MethodOf<TenantClient>;

/** Fails to compile where `Names` holds a name. */
type None<Names extends never> = Names;

/** Methods that handlers need beside the operations: to stream, to wait and to receive. */
type Helper =
  | ('getJobState' | 'followJobEvents' | 'followJobLogs' | 'followEvents' | 'streamJobMetrics')
  | ('receiveUpload' | 'adoptUpload' | 'reserveUpload' | 'forgetUpload');

type ServiceMethod = Exclude<keyof ServiceState, 'version'>;

/** Operations that the API answers by itself. */
type OwnOperation = 'getLiveness' | 'getSession' | 'deleteSession';

export type OperationWithoutMethod = None<Exclude<OperationId, ClientMethod | ServiceMethod | OwnOperation>>;
export type MethodWithoutOperation = None<Exclude<ClientMethod | ServiceMethod, OperationId | Helper>>;

test('the contract is held by the compiler', () => {
  assert.equal([missing, wrongStatus, wrongBody, wrongInput].length, 4);
});
