import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { FakeClient } from './fake/fake-client.js';
import { FakeService } from './fake/fake-service.js';
import { buildTestApp } from './harness.js';

/** A service whose list of workers waits until the test releases it. */
class HeldService extends FakeService {
  readonly signals = new EventEmitter();

  override async listWorkers() {
    this.signals.emit('asked');
    await once(this.signals, 'go');
    return await super.listWorkers();
  }
}

test('a closing server completes the request in progress, and answers the next one on its connection with a problem', async () => {
  const client = new FakeClient();
  const service = new HeldService(client);
  const app = await buildTestApp(client, service);
  app.addHook('preClose', async () => void service.signals.emit('closing'));
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  const answers = text(socket);
  const get = (path: string) => socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
  const asked = once(service.signals, 'asked');
  get('/workers');
  await asked;
  const closing = once(service.signals, 'closing');
  const closed = app.close();
  await closing;
  const next = once(app.server, 'request');
  get('/jobs');
  await next;
  service.signals.emit('go');
  const [, first = '', second = ''] = (await answers).split('HTTP/1.1 ');
  assert.match(first, /^200 /);
  assert.match(second, /^503 [\s\S]*application\/problem\+json[\s\S]*"code":"unavailable"/);
  assert.match(second, /retry-after: 5/i);
  await closed;
});
