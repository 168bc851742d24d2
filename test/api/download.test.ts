import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { Artifact } from '../../src/contract/client/jobs.js';
import { QUICK, useApp } from './harness.js';

const BYTES = randomBytes(200_000);
const SHA256 = createHash('sha256').update(BYTES).digest('hex');
const URL_ = '/artifacts/art_1/content';

describe('artifact download', () => {
  const { call, context } = useApp();
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-api-'));
    const path = join(folder, 'blob');
    await writeFile(path, BYTES);
    const artifact: Artifact = {
      id: 'art_1',
      object: 'artifact',
      job_id: 'job_1',
      name: 'full/gewichte-ü.bin',
      kind: 'weights',
      media_type: 'application/octet-stream',
      size_bytes: BYTES.length,
      sha256: SHA256,
      created_at: '2026-01-02T03:04:05.678Z',
      links: { self: '/artifacts/art_1', content: URL_, job: '/jobs/job_1' },
    };
    context.client.jobs.artifacts.set('art_1', { artifact, path });
  });
  after(() => rm(folder, { recursive: true }));

  test('describes it', async () => {
    assert.equal((await call('GET', '/artifacts/art_1')).json().sha256, SHA256);
  });

  test('answers the whole file with its ETag and its name without the folder', async () => {
    const response = await call('GET', URL_);
    assert.equal(response.statusCode, 200);
    assert.ok(response.rawPayload.equals(BYTES));
    assert.equal(response.headers.etag, `"${SHA256}"`);
    assert.equal(response.headers['content-length'], String(BYTES.length));
    const expected = `attachment; filename="gewichte-_.bin"; filename*=UTF-8''gewichte-%C3%BC.bin`;
    assert.equal(response.headers['content-disposition'], expected);
  });

  test('all artifacts of a job come as one zip, which unzip accepts', async () => {
    const job = (await call('POST', '/jobs', { payload: QUICK })).json();
    const { artifact } = context.client.jobs.artifacts.get('art_1') ?? assert.fail();
    const path = join(folder, 'text');
    await writeFile(path, 'ü');
    const files = [
      { path: join(folder, 'blob'), artifact: { ...artifact, id: 'art_2', job_id: job.id } },
      { path, artifact: { ...artifact, id: 'art_3', job_id: job.id, name: 'README.md', size_bytes: 2 } },
    ];
    for (const each of files) context.client.jobs.artifacts.set(each.artifact.id, each);
    const response = await call('GET', job.links.archive);
    assert.equal(response.headers['content-disposition'], `attachment; filename="${job.id}.zip"`);
    assert.equal(response.headers['content-length'], String(response.rawPayload.length));
    const archive = join(folder, 'all.zip');
    await writeFile(archive, response.rawPayload);
    // Python's reader is another implementation, and checks each CRC-32.
    const script =
      'import json, sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(json.dumps({n: z.read(n).hex() for n in z.namelist()}))';
    const { stdout } = await promisify(execFile)('python3', ['-c', script, archive]);
    const unpacked = { 'full/gewichte-ü.bin': BYTES.toString('hex'), 'README.md': 'c3bc' };
    assert.deepEqual(JSON.parse(stdout), unpacked);
  });

  const RANGES: readonly [string, number, number][] = [
    ['bytes=0-0', 0, 0],
    ['bytes=100-199', 100, 199],
    ['bytes=199990-', 199_990, 199_999],
    ['bytes=-10', 199_990, 199_999],
    ['bytes=199990-999999999', 199_990, 199_999],
    ['bytes=-999999999', 0, 199_999],
  ];
  for (const [range, start, end] of RANGES) {
    test(`${range} answers 206`, async () => {
      const response = await call('GET', URL_, { headers: { range } });
      assert.equal(response.statusCode, 206);
      assert.ok(response.rawPayload.equals(BYTES.subarray(start, end + 1)));
      assert.equal(response.headers['content-range'], `bytes ${start}-${end}/${BYTES.length}`);
    });
  }

  for (const range of ['bytes=0-1,5-6', 'bytes=9-3', 'lines=1-2', 'bytes=-', 'nonsense']) {
    test(`${range} may be ignored and is`, async () => {
      assert.equal((await call('GET', URL_, { headers: { range } })).rawPayload.length, BYTES.length);
    });
  }

  for (const range of ['bytes=200000-', 'bytes=-0']) {
    test(`${range} answers 416 with the size`, async () => {
      const response = await call('GET', URL_, { headers: { range } });
      assert.deepEqual([response.statusCode, response.json().code], [416, 'range_not_satisfiable']);
      assert.equal(response.headers['content-range'], `bytes */${BYTES.length}`);
    });
  }

  test('a stale If-Range is answered with the whole file; If-None-Match with 304; HEAD with the length', async () => {
    const stale = await call('GET', URL_, { headers: { range: 'bytes=0-1', 'if-range': '"other"' } });
    assert.equal(stale.statusCode, 200);
    const fresh = await call('GET', URL_, { headers: { range: 'bytes=0-1', 'if-range': `"${SHA256}"` } });
    assert.equal(fresh.statusCode, 206);
    const held = await call('GET', URL_, { headers: { 'if-none-match': `"x", W/"${SHA256}"` } });
    assert.deepEqual([held.statusCode, held.body], [304, '']);
    const head = await call('HEAD', URL_);
    assert.deepEqual(
      [head.statusCode, head.headers['content-length'], head.body],
      [200, String(BYTES.length), ''],
    );
  });
});
