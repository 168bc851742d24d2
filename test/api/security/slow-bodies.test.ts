import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../../../src/api/app.js';
import { FakeClient } from '../fake/fake-client.js';
import { FakeService } from '../fake/fake-service.js';

/** So fast that no sender of these tests, which sends nothing more, reaches it. */
const SLOWEST = { windowMs: 50, bytes: 1_000 };
let app: FastifyInstance;
let folder: string;
let port: number;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strata-slow-'));
  app = await buildApp(new FakeService(new FakeClient()), {
    logLevel: 'silent',
    loopback: true,
    requestsPerMinute: 0,
    slowestBody: SLOWEST,
    resumable: { folder, limitBytes: 1_000_000, reserveBytes: 0 },
  });
  port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
});
after(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

/** Begins a request of 1 MB, of which a few bytes come. */
function begin(line: string, headers: Readonly<Record<string, string>>): Socket {
  const socket = connect(port, '127.0.0.1');
  const all = { host: `127.0.0.1:${port}`, 'content-length': '100000', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  socket.write(`${line} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n{"dataset`);
  return socket;
}

/** All that the server sends until it ends the connection. */
async function heard(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  socket.on('error', () => undefined);
  await once(socket, 'close');
  return text;
}

test('a body that stalls is refused by its code, and its connection ends', async () => {
  const answer = await heard(begin('POST /jobs', { 'content-type': 'application/json' }));
  assert.match(answer, /^HTTP\/1\.1 408 /);
  assert.match(answer, /"code":"body_too_slow"/);
});

test('a multipart upload that stalls ends as well', async () => {
  const type = { 'content-type': 'multipart/form-data; boundary=x' };
  assert.match(await heard(begin('POST /datasets', type)), /^HTTP\/1\.1 408 |^$/);
});

test('a piece of a resumable upload that stalls ends, and what came of it stays', async () => {
  const tus = { 'tus-resumable': '1.0.0' };
  const made = await app.inject({
    method: 'POST',
    url: '/uploads',
    headers: { ...tus, 'upload-length': '100000' },
  });
  const url = `/uploads/${String(made.headers.location).split('/').at(-1)}`;
  const piece = { ...tus, 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' };
  await heard(begin(`PATCH ${url}`, piece));
  const { headers } = await app.inject({ method: 'HEAD', url, headers: tus });
  assert.equal(headers['upload-offset'], '9');
});

test('a body that comes in time is received', async () => {
  const payload = { dataset: 'mnist', model: { depth: 8, width: 8 }, epochs: 1 };
  const response = await fetch(`http://127.0.0.1:${port}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(payload),
  });
  assert.equal(response.status, 201);
});
