import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../../../src/api/app.js';
import { loadContract, operationsOf, routerPath } from '../../../src/api/openapi.js';
import { SCOPES } from '../../../src/contract/access.js';
import { useLiveApi } from './live-api.js';

type Owner = 'everybody' | 'operator' | 'tenant';

/** Routes that are not in the contract, and their owners. A new route fails this test until it has a line here. */
const OWNERS: readonly (readonly [path: RegExp, owner: Owner])[] = [
  [/^\/uploads(\/|\/:id)?$/, 'tenant'],
  [/^\/docs(\/.*)?$|^\/openapi\.(yaml|json)$|^\/llms\.txt$|^\/$/, 'everybody'],
  [/^\/(ui|guide)(\/.*)?$/, 'everybody'],
  [/^\/queues(\/.*)?$/, 'operator'],
];

interface Route {
  readonly url: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
}

const ownerOf = (url: string) => OWNERS.find(([path]) => path.test(url))?.[1];

const TUS = { 'tus-resumable': '1.0.0' };

/** Ways to write a URL that one reader takes for the first upload and another for the second. */
const SPELLINGS: readonly ((first: string, second: string) => string)[] = [
  (_, second) => `/uploads/${second}`,
  (first, second) => `/uploads/${first}?/${second}`,
  (first, second) => `/uploads/${first}?id=${second}&x=/${second}`,
  (first, second) => `/uploads/${first}%3F/${second}`,
  (first, second) => `/uploads/${first}/${second}`,
  (first, second) => `/uploads/${first}/../${second}`,
  (first, second) => `/uploads/${first}%2F..%2F${second}`,
  (first, second) => `/uploads/${first};/${second}`,
  (_, second) => `/uploads?/${second}`,
  (_, second) => `//uploads/${second}`,
  (_, second) => `/uploads/${second}/`,
];

describe('every route that is not in the contract', () => {
  const { live, keyWith } = useLiveApi();
  const routes = new Map<string, readonly string[]>();
  let folder: string;
  let app: FastifyInstance;
  let ours: string;
  let theirs: string;
  let withoutAdmin: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-uploads-'));
    app = await buildApp(live.strata.service, {
      logLevel: 'silent',
      loopback: true,
      requestsPerMinute: 0,
      resumable: { folder, limitBytes: 1_000, reserveBytes: 0 },
      async instrument(instance) {
        instance.addHook('onRoute', ({ url, method }) => {
          routes.set(url, [...(routes.get(url) ?? []), ...[method].flat()]);
        });
      },
    });
    await app.ready();
    [ours, theirs] = [await keyWith(SCOPES, 'ours'), await keyWith(SCOPES, 'theirs')];
    withoutAdmin = await keyWith(
      SCOPES.filter((scope) => scope !== 'admin'),
      'theirs',
    );
  });
  after(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });

  /** Routes of an owner, each with the first of its methods. */
  function routesOf(owner: Owner): Route[] {
    const own = [...routes].filter(([url]) => ownerOf(url) === owner);
    assert.ok(own.length > 0, owner);
    return own.map(([url, [method]]) => ({
      url: url.replaceAll(/:\w+|\*/g, 'none'),
      method: method as Route['method'],
    }));
  }

  async function status(route: Route, key?: string) {
    const headers = { ...TUS, ...(key && { authorization: `Bearer ${key}` }) };
    return (await app.inject({ ...route, headers })).statusCode;
  }

  test('has a known owner', () => {
    const contract = new Set(operationsOf(loadContract()).map(({ path }) => routerPath(path)));
    const unknown = [...routes.keys()].filter((url) => !contract.has(url) && ownerOf(url) === undefined);
    assert.deepEqual(unknown, []);
  });

  test('needs a key unless it is public, and the scope admin if it is for operators', async () => {
    for (const route of routesOf('tenant')) {
      assert.equal(await status(route), 401, `${route.method} ${route.url}`);
    }
    for (const route of routesOf('operator')) {
      // The board refuses writes before it asks who wants them.
      const reads = ['GET', 'HEAD'].includes(route.method);
      const seen = [await status(route), await status(route, withoutAdmin)];
      assert.deepEqual(seen, reads ? [401, 403] : [405, 405], `${route.method} ${route.url}`);
    }
    for (const route of routesOf('everybody')) {
      assert.ok(![401, 403].includes(await status(route)), `${route.method} ${route.url}`);
    }
  });

  async function upload(key: string): Promise<string> {
    const headers = { ...TUS, authorization: `Bearer ${key}`, 'upload-length': '10' };
    const created = await app.inject({ method: 'POST', url: '/uploads', headers });
    assert.equal(created.statusCode, 201, created.body);
    return String(created.headers.location).split('/').at(-1)!;
  }

  async function offsetOf(key: string, id: string): Promise<string | undefined> {
    const headers = { ...TUS, authorization: `Bearer ${key}` };
    const answer = await app.inject({ method: 'HEAD', url: `/uploads/${id}`, headers });
    return answer.statusCode === 200 ? String(answer.headers['upload-offset']) : undefined;
  }

  async function attack(url: string, method: 'HEAD' | 'PATCH' | 'DELETE' | 'POST', override?: string) {
    const headers = {
      ...TUS,
      authorization: `Bearer ${theirs}`,
      'upload-offset': '0',
      'upload-length': '3',
      ...(method === 'PATCH' && { 'content-type': 'application/offset+octet-stream' }),
      ...(override && { 'x-http-method-override': override }),
    };
    await app.inject({ method, url, headers, ...(method === 'PATCH' && { payload: 'abc' }) });
  }

  for (const spelled of SPELLINGS) {
    test(`does not change another tenant's upload at ${spelled('own', 'other')}`, async () => {
      const [victim, own] = [await upload(ours), await upload(theirs)];
      for (const method of ['HEAD', 'PATCH', 'DELETE', 'POST'] as const) {
        for (const override of [undefined, 'PATCH', 'DELETE'])
          await attack(spelled(own, victim), method, override);
      }
      assert.equal(await offsetOf(ours, victim), '0', 'it is there, and nothing was added to it');
      assert.equal(await offsetOf(theirs, victim), undefined);
    });
  }

  test("does not make a dataset of another tenant's upload", async () => {
    const id = await upload(ours);
    const send = (key: string, named: string) =>
      app.inject({
        method: 'POST',
        url: '/datasets',
        headers: { authorization: `Bearer ${key}` },
        payload: { name: 'stolen', upload: named },
      });
    const [foreign, absent] = [await send(theirs, id), await send(theirs, '0'.repeat(32))];
    assert.deepEqual([foreign.statusCode, absent.statusCode], [404, 404], foreign.body);
    assert.equal((await send(ours, id)).json().code, 'upload_incomplete');
  });
});
