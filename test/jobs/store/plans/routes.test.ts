import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { fillTables } from '../../../../bench/api/tables.js';
import { fillHistory } from '../../../../bench/loops/history.js';
import { loadContract, operationsOf, scopeOf } from '../../../../src/api/openapi.js';
import { SCOPES } from '../../../../src/contract/access.js';
import { useLiveApi } from '../../../api/security/live-api.js';
import { exampleOf, MAKE, pathOf, resourceOf, urlOf } from '../../../api/security/one-of-each.js';
import { smallJob } from '../../support/specs.js';
import { blocksOf, largeTables, MAX_BLOCKS, scannedTables, sentBy } from './statements.js';

const SIZES = { jobs: 20_000, tasksPerJob: 4, every: 8 };
const LARGE_ROWS = 2_000;
/** Operations that read nothing. */
const SILENT = [
  'getLiveness',
  // A session is sealed with the service's secret, and a key is known for a moment.
  ...['createSession', 'getSession', 'deleteSession'],
  // The key is derived from the service's secret.
  'getSigningKey',
  // Only an admin of the tenant `default` may drain.
  'drainWorker',
  // The URL of the example cannot be reached.
  'createWeights',
];

describe('no statement of an operation reads a large table whole', () => {
  const { live, call, keyWith } = useLiveApi();
  let key: string;
  let large: string[];
  before(async () => {
    const { sql, servers, service } = live.strata;
    await service.forTenant('ours').jobs.createJob(smallJob(), {});
    await fillTables(servers.databaseUrl, { jobs: SIZES.jobs, measured: 20, points: 400 });
    await fillHistory(servers.databaseUrl, SIZES);
    large = await largeTables(sql, LARGE_ROWS);
    key = await keyWith(SCOPES);
  });

  for (const entry of operationsOf(loadContract())) {
    const { id, method } = entry;
    const path = pathOf(entry);
    test(id, async () => {
      const make = path.includes('{') ? MAKE[resourceOf(path)] : null;
      const url = make ? urlOf(path, await make(live)) : path.replaceAll(/\{\w+\}/g, 'none');
      const payload = exampleOf(entry);
      const options = payload === undefined ? {} : { payload: payload as object };
      const anonymous = scopeOf(entry) === null;
      const statements = await sentBy(async () => {
        const { statusCode, body } = await call(method, url, anonymous ? undefined : key, options);
        assert.ok(statusCode < 500 || body.includes('blob_missing'), body);
      });
      assert.ok(statements.length > 0 || SILENT.includes(id), `${id} asks Postgres something`);
      for (const statement of statements) {
        const scanned = await scannedTables(live.strata.sql, statement);
        const whole = scanned.filter((table) => large.includes(table));
        assert.deepEqual(whole, [], `reads whole tables: ${statement.text}`);
        const blocks = await blocksOf(live.strata.sql, statement);
        assert.ok(blocks <= MAX_BLOCKS, `touches ${blocks} blocks: ${statement.text}`);
      }
    });
  }
});
