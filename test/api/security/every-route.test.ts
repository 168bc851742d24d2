import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadContract, type OperationEntry, operationsOf, scopeOf } from '../../../src/api/openapi.js';
import { ANY_KEY, SCOPES, type Scope } from '../../../src/contract/access.js';
import { useLiveApi } from './live-api.js';
import { exampleOf, MAKE, pathOf, resourceOf, urlOf } from './one-of-each.js';

/** Operations about the whole service, which no tenant but `default` may use. */
const FOR_OPERATORS = ['drainWorker'];

describe('every operation of the contract', () => {
  const { live, call, keyWith: makeKey } = useLiveApi();
  const keys = new Map<string, Promise<string>>();
  // One resource of each kind, since limits of a tenant are lower than the number of operations.
  const keyWith = (scopes: readonly Scope[], tenant = 'ours'): Promise<string> => {
    const kind = JSON.stringify([tenant, scopes]);
    const key = keys.get(kind) ?? makeKey(scopes, tenant);
    keys.set(kind, key);
    return key;
  };
  const operations = operationsOf(loadContract());
  const sample = (entry: OperationEntry) => pathOf(entry).replaceAll(/\{\w+\}/g, 'none');

  test('operations that need no key are those about health, and signing out', () => {
    const open = operations.filter((entry) => scopeOf(entry) === null).map(({ path }) => path);
    assert.deepEqual(open, ['/session', '/health/live', '/health/ready']);
  });

  for (const entry of operations.filter((candidate) => scopeOf(candidate) !== null)) {
    const { id, method } = entry;
    const scope = scopeOf(entry)!;
    if (scope === ANY_KEY) continue;

    test(`${id} needs a key, and of its scopes ${scope}`, async () => {
      // From the first key on, requests need a key.
      const without = await keyWith(SCOPES.filter((other) => other !== scope));
      const anonymous = await call(method, sample(entry));
      assert.deepEqual(
        [anonymous.statusCode, anonymous.json().code],
        [401, 'unauthenticated'],
        anonymous.body,
      );
      const lacking = await call(method, sample(entry), without);
      assert.deepEqual([lacking.statusCode, lacking.json().code], [403, 'scope_missing'], lacking.body);
      assert.match(lacking.json().detail, new RegExp(`\`${scope}\``));
      const enough = await call(method, sample(entry), await keyWith([scope]));
      if (FOR_OPERATORS.includes(id)) assert.equal(enough.json().code, 'operator_only');
      else assert.ok(![401, 403].includes(enough.statusCode), enough.body);
    });
  }

  for (const entry of operations.filter((candidate) => pathOf(candidate).includes('{'))) {
    const { id, method } = entry;
    const path = pathOf(entry);
    const resource = resourceOf(path);

    test(`${id} answers another tenant's ids as it answers unknown ids`, async () => {
      const make = MAKE[resource];
      assert.notEqual(make, undefined, `say in one-of-each.ts how to make one of /${resource}`);
      if (!make) return;
      const ours = await make(live);
      const theirs = await keyWith(SCOPES, 'theirs');
      const payload = exampleOf(entry);
      const options = payload === undefined ? {} : { payload: payload as object };
      const [foreign, absent] = await Promise.all(
        [ours, 'none'].map((own) => call(method, urlOf(path, own), theirs, options)),
      );
      assert.deepEqual([foreign?.statusCode, foreign?.json().code], [404, 'not_found'], foreign?.body);
      const said = (response: typeof foreign, name: string) =>
        JSON.stringify({ ...response?.json(), request_id: '' }).replaceAll(name, 'ID');
      assert.equal(said(foreign, ours), said(absent, 'none'));
      const { statusCode } = await call(method, urlOf(path, ours), await keyWith(SCOPES), options);
      assert.ok(statusCode !== 404, `the owner's own answers ${statusCode}`);
    });
  }
});
