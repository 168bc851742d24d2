import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import type { Dataset } from '../../../src/contract/client/datasets.js';
import { buildLiveApp } from '../../api/security/live-api.js';
import { imageFolder } from '../../datasets/support/images.js';
import { makeZip } from '../../datasets/support/zip.js';
import { eventually } from '../../support/eventually.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';

const ARCHIVE = makeZip(await imageFolder(['train', 'test'], ['a', 'b'], 5));
const SHA256 = createHash('sha256').update(ARCHIVE).digest('hex');

let strata: Strata;
let app: FastifyInstance;
let api: string;
let site: Server;
let siteUrl: string;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1, outgoingAllow: ['127.0.0.1'] });
  app = await buildLiveApp(strata, true, 0, undefined, {
    folder: join(strata.servers.home, 'uploads'),
    limitBytes: 10_000_000,
  });
  api = await app.listen({ host: '127.0.0.1', port: 0 });
  site = createServer((asked, answer) => {
    if (asked.url === '/moved') return void answer.writeHead(302, { location: '/data.zip' }).end();
    if (asked.url === '/data.zip') return void answer.end(ARCHIVE);
    if (asked.url === '/endless') return void answer.write(Buffer.alloc(2_000_000));
    answer.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  await strata.client.webhooks.createWebhook({ url: 'https://example.com/', events: ['dataset.failed'] });
  await strata.startWorker({
    STRATA_OUTGOING_ALLOW: '127.0.0.1',
    STRATA_UPLOAD_LIMIT: '1000000',
  });
});
after(async () => {
  site.close();
  site.closeAllConnections();
  await app.close();
  await strata.stop();
});

const post = (payload: object) => app.inject({ method: 'POST', url: '/datasets', payload });

async function imported(payload: object): Promise<Dataset> {
  const created = await post(payload);
  assert.equal(created.statusCode, 201, created.body);
  return validated(created.json().id);
}

function validated(id: string): Promise<Dataset> {
  return eventually('it is validated', async () => {
    const dataset: Dataset = (await app.inject(`/datasets/${id}`)).json();
    return dataset.state !== 'validating' && dataset;
  });
}

test('a URL is fetched by a worker, with its checksum', async () => {
  const dataset = await imported({ name: 'fetched', url: `${siteUrl}/data.zip`, sha256: SHA256 });
  assert.equal(dataset.state, 'ready', JSON.stringify(dataset.problems));
  assert.deepEqual(dataset.source, { kind: 'url', sha256: SHA256, size_bytes: ARCHIVE.length });
});

const REFUSED = [
  {
    what: 'another checksum',
    path: '/data.zip',
    sha256: '0'.repeat(64),
    code: 'checksum_mismatch',
    says: new RegExp(SHA256),
  },
  { what: 'a redirect', path: '/moved', code: 'source_refused', says: /302.*\/data\.zip/ },
  { what: 'an absent file', path: '/none', code: 'source_refused', says: /404/ },
  { what: 'more than the limit', path: '/endless', code: 'upload_too_large', says: /1000000/ },
] as const;

for (const { what, path, code, says, ...rest } of REFUSED) {
  test(`${what} behind a URL fails the dataset, and leaves nothing`, async () => {
    const dataset = await imported({
      name: `refused-${code}-${path.slice(1)}`,
      url: siteUrl + path,
      ...rest,
    });
    assert.deepEqual([dataset.state, dataset.problems[0]?.code], ['failed', code]);
    const { rows } = await strata.sql.query('DELETE FROM webhook_delivery RETURNING type, message');
    const { id, name, state } = dataset;
    assert.deepEqual(
      rows.map(({ type, message }) => [type, message.data]),
      [['dataset.failed', { dataset: { id, name, state } }]],
      'webhooks hear of it once',
    );
    assert.match(dataset.problems[0]!.message, says);
    await eventually('nothing is left', async () => {
      return (await readdir(join(strata.servers.home, 'blobs/spool'))).length === 0;
    });
  });
}

for (const url of [
  'http://127.0.0.2/x.zip',
  'https://169.254.169.254/latest',
  'http://example.com/x.zip',
  'file:///etc/passwd',
]) {
  test(`${url} is refused at once`, async () => {
    const response = await post({ name: 'private', url });
    assert.deepEqual([response.statusCode, response.json().errors[0]?.pointer], [422, '/url'], response.body);
  });
}

test('a dataset comes from one place', async () => {
  const none = await post({ name: 'none' });
  assert.deepEqual([none.statusCode, none.json().code], [400, 'invalid_request']);
  const both = await post({ name: 'both', url: `${siteUrl}/data.zip`, upload: '0'.repeat(32) });
  assert.deepEqual([both.statusCode, both.json().code], [400, 'invalid_request']);
});

const TUS = { 'tus-resumable': '1.0.0' };

test('an interrupted upload continues at its offset', async () => {
  const created = await fetch(`${api}/uploads`, {
    method: 'POST',
    headers: { ...TUS, 'upload-length': String(ARCHIVE.length) },
  });
  assert.equal(created.status, 201);
  const address = api + created.headers.get('location');
  const id = address.split('/').at(-1)!;
  await breakOff(address, ARCHIVE.subarray(0, 1_000), ARCHIVE.length);
  const early = await post({ name: 'resumed', upload: id });
  assert.deepEqual([early.statusCode, early.json().code], [409, 'upload_incomplete']);
  const offset = await eventually('some bytes are here', async () => {
    const head = await fetch(address, { method: 'HEAD', headers: TUS });
    return Number(head.headers.get('upload-offset')) || null;
  });
  assert.equal(offset, 1_000);
  const rest = await fetch(address, {
    method: 'PATCH',
    headers: { ...TUS, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' },
    body: new Uint8Array(ARCHIVE.subarray(offset)),
  });
  assert.equal(rest.status, 204);
  const taken = await post({ name: 'resumed', upload: id, sha256: SHA256 });
  assert.equal(taken.json().source.sha256, null, 'it is not read again before the answer');
  const dataset = await validated(taken.json().id);
  assert.equal(dataset.source?.sha256, SHA256);
  assert.deepEqual(
    [dataset.state, dataset.source?.kind],
    ['ready', 'upload'],
    JSON.stringify(dataset.problems),
  );
  assert.deepEqual(await readdir(join(strata.servers.home, 'uploads')), []);
});

/** Sends a beginning of what it announces, and is gone. */
async function breakOff(address: string, beginning: Buffer, announced: number): Promise<void> {
  const patch = request(address, {
    method: 'PATCH',
    headers: {
      ...TUS,
      'upload-offset': '0',
      'content-type': 'application/offset+octet-stream',
      'content-length': announced,
    },
  });
  patch.on('error', () => undefined);
  patch.flushHeaders();
  await new Promise((resolve) => patch.write(beginning, resolve));
  const id = address.split('/').at(-1)!;
  await eventually('the beginning is on disk', async () => {
    const { size } = await import('node:fs/promises').then((fs) =>
      fs.stat(join(strata.servers.home, 'uploads', id)),
    );
    return size >= beginning.length;
  });
  patch.destroy();
}

/** As tuspy does: metadata that is empty, at the address with a slash. */
async function uploadAt(path: string, bytes: Buffer): Promise<string> {
  const created = await fetch(api + path, {
    method: 'POST',
    headers: { ...TUS, 'upload-length': String(bytes.length), 'upload-metadata': '' },
  });
  assert.equal(created.status, 201, await created.text());
  const address = api + created.headers.get('location');
  const patched = await fetch(address, {
    method: 'PATCH',
    headers: { ...TUS, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
    body: new Uint8Array(bytes),
  });
  assert.equal(patched.status, 204);
  return address.split('/').at(-1)!;
}

test('a client that sends no metadata can upload, also to the address with a slash at its end', async () => {
  for (const [index, path] of ['/uploads', '/uploads/'].entries()) {
    const upload = await uploadAt(path, ARCHIVE);
    assert.equal((await imported({ name: `bare-${index}`, upload })).state, 'ready');
  }
});

test('an upload whose checksum differs from the stated one fails its dataset, and the dataset names both', async () => {
  const upload = await uploadAt('/uploads', ARCHIVE);
  const { state, problems } = await imported({ name: 'mistaken', upload, sha256: '0'.repeat(64) });
  assert.deepEqual([state, problems[0]?.code], ['failed', 'checksum_mismatch']);
  assert.match(problems[0]!.message, new RegExp(SHA256));
});

test('an upload of which no dataset is made is kept', async () => {
  const upload = await uploadAt('/uploads', ARCHIVE);
  assert.equal((await post({ name: 'mnist', upload })).statusCode, 409);
  assert.equal((await imported({ name: 'second-try', upload })).state, 'ready');
});

test('uploads belong to one tenant, and their ids are no paths', async () => {
  for (const path of ['0'.repeat(32), '..%2f..%2fetc%2fpasswd', 'x.json']) {
    const response = await fetch(`${api}/uploads/${path}`, { method: 'HEAD', headers: TUS });
    assert.equal(response.status, 404, path);
  }
  const unknown = await post({ name: 'unknown', upload: '0'.repeat(32) });
  assert.deepEqual([unknown.statusCode, unknown.json().code], [404, 'not_found']);
});
