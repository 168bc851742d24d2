import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../../src/api/app.js';
import { deleteOldUploads } from '../../src/storage/uploads/old-uploads.js';
import { FakeClient } from './fake/fake-client.js';
import { FakeService } from './fake/fake-service.js';

let app: FastifyInstance;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strata-resumable-'));
  app = await buildApp(new FakeService(new FakeClient()), {
    logLevel: 'silent',
    loopback: true,
    requestsPerMinute: 0,
    resumable: { folder, limitBytes: 1_000, reserveBytes: 0 },
  });
});
after(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

const TUS = { 'tus-resumable': '1.0.0' };
const PIECE = { ...TUS, 'content-type': 'application/offset+octet-stream' };

async function create(length: number): Promise<string> {
  const headers = { ...TUS, 'upload-length': String(length) };
  const { headers: answered } = await app.inject({ method: 'POST', url: '/uploads', headers });
  return `/uploads/${String(answered.location).split('/').at(-1)}`;
}

test('every refusal of the tus protocol is problem+json with a code', async () => {
  const url = await create(10);
  const cases = [
    [412, 'invalid_request', { method: 'POST', url: '/uploads', headers: {} }],
    [400, 'invalid_request', { method: 'POST', url: '/uploads', headers: { ...TUS, 'upload-length': '-1' } }],
    [
      413,
      'upload_too_large',
      { method: 'POST', url: '/uploads', headers: { ...TUS, 'upload-length': '1001' } },
    ],
    [
      409,
      'upload_offset',
      { method: 'PATCH', url, headers: { ...PIECE, 'upload-offset': '5' }, payload: 'x' },
    ],
    [403, 'invalid_request', { method: 'PATCH', url, headers: PIECE, payload: 'x' }],
    [404, 'not_found', { method: 'PATCH', url: `/uploads/${'0'.repeat(32)}`, headers: PIECE, payload: 'x' }],
  ] as const;
  for (const [status, code, request] of cases) {
    const response = await app.inject(request);
    const about = `${status} ${code}: ${response.body}`;
    assert.equal(response.statusCode, status, about);
    assert.match(String(response.headers['content-type']), /^application\/problem\+json/, about);
    const problem = response.json();
    assert.deepEqual([problem.status, problem.code, problem.instance], [status, code, request.url], about);
    assert.equal(problem.request_id, response.headers['x-request-id'], about);
    assert.ok(problem.title && problem.detail, about);
  }
});

test('uploads that nobody wrote to for a day are deleted, whatever their length and description', async () => {
  const others = await readdir(folder);
  const [empty, unfinished, torn, recent] = await Promise.all([
    create(0),
    create(10),
    create(10),
    create(10),
  ]);
  await app.inject({
    method: 'PATCH',
    url: unfinished,
    headers: { ...PIECE, 'upload-offset': '0' },
    payload: '12345',
  });
  const fileOf = (url: string) => join(folder, url.split('/').at(-1) ?? '');
  await writeFile(`${fileOf(torn)}.json`, '{"id":');
  await writeFile(join(folder, 'alone.json'), '{}');
  const now = Date.now() / 1_000;
  for (const file of [fileOf(empty), fileOf(unfinished), fileOf(torn), join(folder, 'alone')])
    for (const path of [file, `${file}.json`]) await utimes(path, now, now - 90_000).catch(() => undefined);
  // Its bytes are older than its last write to the description.
  await utimes(fileOf(recent), now, now - 90_000);
  await deleteOldUploads(folder, Date.now() - 86_400_000);
  const id = recent.split('/').at(-1) ?? '';
  assert.deepEqual((await readdir(folder)).sort(), [...others, id, `${id}.json`].sort());
});
