import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { follow } from '../../bench/api/followers.js';
import { buildLiveApp } from '../api/security/live-api.js';
import { Strata } from '../support/strata.js';

let strata: Strata;
let app: FastifyInstance;
before(async () => {
  strata = await Strata.start();
  app = await buildLiveApp(strata);
});
after(async () => {
  await app.close();
  await strata.stop();
});

test('every one of 100 followers of a job gets every event, once and in order', async (t) => {
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const result = await follow(url, strata.servers.databaseUrl, 100, 30);
  t.diagnostic(JSON.stringify(result));
  assert.equal(result.complete, result.followers);
});
