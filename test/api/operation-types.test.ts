import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Handler, Handlers } from '../../src/api/handler.js';
import { handlers } from '../../src/api/routes/index.js';

// Each line below must fail to compile; `npx tsc` complains where one does not.

// @ts-expect-error an operation is missing
const missing: Handlers = { createJob: handlers.createJob };

// @ts-expect-error 200 is not a status of cancelJob
const wrongStatus: Handler<'cancelJob'> = async ({ client }) => ({
  status: 200,
  body: await client.cancelJob('x', { force: true }),
});

// @ts-expect-error listWorkers answers no datasets
const wrongBody: Handler<'listWorkers'> = async ({ client }) => ({
  status: 200,
  body: await client.listDatasets({ limit: 1 }),
});

// @ts-expect-error getJob has no query
const wrongInput: Handler<'getJob'> = async ({ query }) => ({ status: 200, body: query.verbose });

test('the contract is held by the compiler', () => {
  assert.equal([missing, wrongStatus, wrongBody, wrongInput].length, 4);
});
