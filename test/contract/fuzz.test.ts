import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { loadContract, operationsOf } from '../../src/api/openapi.js';
import { type LiveApi, startLiveApi } from '../support/live-api.js';
import { fuzz } from './schemathesis.js';

let api: LiveApi;
before(async () => {
  api = await startLiveApi();
});
after(() => api.stop());

// `npm run test:contract` is the long form.
for (const who of ['with a key', 'anonymous'] as const) {
  test(`${who}: requests that the contract allows get the answers that it names, and all others are refused`, async (t) => {
    const { apiKey } = api;
    // An anonymous request is answered 401, whatever its values are: one request an operation says it.
    const options = who === 'anonymous' ? { examples: 1, phases: ['fuzzing'] } : { examples: 2, apiKey };
    const { cases, operations, findings } = await fuzz(api.url, { seed: 1, ...options });
    assert.equal(findings, '');
    assert.equal(operations, operationsOf(loadContract()).length);
    t.diagnostic(`${cases} cases over ${operations} operations`);
  });
}
