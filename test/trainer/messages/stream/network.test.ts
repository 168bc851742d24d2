import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import type { NetworkEnd } from '../../../../src/contract/trainer-protocol.js';
import { reach } from '../../../../src/trainer/messages/stream/ends.js';
import { FRAME } from '../../../../src/trainer/messages/stream/frame.js';
import { Neighbors } from '../../../../src/trainer/messages/stream/neighbors.js';
import { PING_MS, watchSilence } from '../../../../src/trainer/messages/stream/silence.js';
import type { ThreadOptions } from '../../../../src/trainer/messages/stream/socket-loop.js';

// docs/adr/0027: streams between hosts.

const secret = () => randomBytes(32).toString('hex');

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  server.close();
  return port;
}

const frameOf = (text: string) => {
  return { kind: FRAME.tensor, bytes: new Uint8Array(Buffer.from(text)).buffer };
};
const textOf = ({ bytes }: { readonly bytes: ArrayBuffer }) => Buffer.from(bytes).toString();

test('frames go both ways in order, bounded, and nobody on the way can read them', async () => {
  const end: NetworkEnd = { host: '127.0.0.1', port: await freePort(), identity: 'one', secret: secret() };
  const overheard: Buffer[] = [];
  // Between the two neighbors.
  const tap = createServer((socket) => {
    const inner = connect(end.port, end.host);
    for (const [from, to] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      from.on('data', (chunk) => overheard.push(chunk));
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  const tapped = { ...end, port: await listening(tap) };
  const first = new Neighbors({ listen: end, connect: null, capacity: 2 });
  const second = new Neighbors({ listen: null, connect: tapped, capacity: 2 });
  const texts = Array.from({ length: 20 }, (_, index) => `${'features '.repeat(10_000)}${index}`);
  const sending = (async () => {
    for (const text of texts) await first.downstream.send(frameOf(text));
  })();
  for (const text of texts) assert.equal(textOf(await second.upstream.receive()), text);
  await sending;
  await second.upstream.send(frameOf('gradients'));
  assert.equal(textOf(await first.downstream.receive()), 'gradients');
  const heard = Buffer.concat(overheard);
  assert.ok(heard.length > texts.length * 90_000);
  assert.equal(heard.includes('features'), false);
  assert.equal(heard.includes('gradients'), false);
  await Promise.all([first.close(), second.close()]);
  tap.close();
});

test('a stranger without the secret, or with that of another stream, is not let in, and the right neighbor still is', async (t) => {
  const end: NetworkEnd = { host: '127.0.0.1', port: await freePort(), identity: 'two', secret: secret() };
  const all: Neighbors[] = [];
  const opened = (options: Pick<ThreadOptions, 'listen' | 'connect'>): Neighbors => {
    const neighbors = new Neighbors({ ...options, capacity: 2 });
    all.push(neighbors);
    return neighbors;
  };
  t.after(() => Promise.all(all.map((neighbors) => neighbors.close())));
  const first = opened({ listen: end, connect: null });
  const strangers = [
    { ...end, secret: secret() },
    { ...end, identity: 'other' },
  ];
  const intruded = new Promise<never>((_, reject) => {
    const stops = strangers.map((wrong) => reach(wrong, () => reject(new Error('a stranger was let in'))));
    t.after(() => stops.map((stop) => stop()));
  });
  const plain = connect(end.port, end.host).on('error', () => undefined);
  t.after(() => plain.destroy());
  plain.write('hello');
  const second = opened({ listen: null, connect: end });
  await second.upstream.send(frameOf('mine'));
  assert.equal(textOf(await Promise.race([first.downstream.receive(), intruded])), 'mine');
  // A second connection with the secret is refused: the neighbor is there.
  const third = opened({ listen: null, connect: end });
  await assert.rejects(
    Promise.race([third.upstream.receive(), intruded]),
    /the stream from or to the upstream/,
  );
});

test('a neighbor that says nothing is given up after six signs of life, unless this one does not read', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const written: Uint8Array[] = [];
  let paused = false;
  const socket = Object.assign(new EventEmitter(), {
    writable: true,
    isPaused: () => paused,
    write: (bytes: Uint8Array) => written.push(bytes),
  }) as unknown as Socket;
  const silences: string[] = [];
  watchSilence(socket, Buffer.from('ping'), (message) => silences.push(message));
  t.mock.timers.tick(6 * PING_MS);
  assert.equal(written.length, 6);
  socket.emit('data', Buffer.from('x'));
  t.mock.timers.tick(6 * PING_MS);
  paused = true;
  t.mock.timers.tick(20 * PING_MS);
  paused = false;
  t.mock.timers.tick(6 * PING_MS);
  assert.deepEqual(silences, []);
  t.mock.timers.tick(PING_MS);
  assert.deepEqual(silences, ['nothing came from it for 6 s']);
  socket.emit('close');
  t.mock.timers.tick(PING_MS);
  assert.equal(silences.length, 1);
});
