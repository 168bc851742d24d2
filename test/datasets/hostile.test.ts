import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import type { Dataset } from '../../src/contract/client/datasets.js';
import { isErrorCode } from '../../src/contract/errors.js';
import { buildLiveApp } from '../api/security/live-api.js';
import { eventually } from '../support/eventually.js';
import { multipartOf } from '../support/multipart.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';
import { HOSTILE_SETTINGS, hostileUploads } from './support/hostile.js';

// Each is a process: under load the last of them waits for minutes.
const UPLOADS = await hostileUploads();

/** Every file below the home that is not Postgres' or Redis' own, with its size. */
async function filesOf(home: string): Promise<string[]> {
  const files: string[] = [];
  for (const name of await readdir(join(home, 'blobs'), { recursive: true })) {
    // An importer's folder may be deleted in this very moment.
    const found = await stat(join(home, 'blobs', name)).catch(() => null);
    if (found?.isFile()) files.push(`${name} ${found.size}`);
  }
  return files.sort();
}

describe('hostile and broken uploads', () => {
  let strata: Strata;
  let app: FastifyInstance;
  let before_: string[];
  const ids = new Map<string, string>();
  before(async () => {
    strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
    app = await buildLiveApp(strata);
    await strata.blobs.put(Buffer.from('what was there before'));
    before_ = await filesOf(strata.servers.home);
    for (const [index, { what, file, fields }] of UPLOADS.entries()) {
      const form = multipartOf({ name: `hostile-${index}`, ...fields, file });
      const response = await app.inject({ method: 'POST', url: '/datasets', ...form });
      assert.equal(response.statusCode, 201, `${what}: ${response.body}`);
      ids.set(what, response.json().id);
    }
    await Promise.all([strata.startWorker(HOSTILE_SETTINGS), strata.startWorker(HOSTILE_SETTINGS)]);
  });
  after(async () => {
    await app.close();
    await strata.stop();
  });

  for (const { what, code, says } of UPLOADS) {
    test(`${what}: ${code}`, async () => {
      const dataset: Dataset = await eventually(
        'it is refused',
        async () => {
          const response = await app.inject(`/datasets/${ids.get(what)}`);
          assert.equal(response.statusCode, 200, response.body);
          const found: Dataset = response.json();
          return found.state !== 'validating' && found;
        },
        120_000,
      );
      assert.equal(dataset.state, 'failed', JSON.stringify(dataset));
      const [first] = dataset.problems;
      assert.deepEqual([first?.code, first?.severity], [code, 'error'], JSON.stringify(dataset.problems));
      assert.ok(isErrorCode(code));
      assert.match(first!.message, says);
      assert.doesNotMatch(
        JSON.stringify(dataset.problems),
        /strata-test|at .*\.ts:/,
        'nothing of the server is told',
      );
    });
  }

  test('leave the disk as it was', async () => {
    assert.ok(UPLOADS.length >= 40);
    await eventually('nothing is left', async () => {
      return JSON.stringify(await filesOf(strata.servers.home)) === JSON.stringify(before_);
    });
  });
});
