import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import type { TenantEvent } from '../../src/contract/client/jobs.js';
import { FakeClient } from './fake/fake-client.js';
import { buildTestApp, QUICK } from './harness.js';

/** One `text/event-stream` connection, read frame by frame. */
class EventReader {
  #text = '';
  /** The last of the server's `retry:` fields, in milliseconds. */
  retryMs: number | null = null;
  readonly #chunks: AsyncIterator<Buffer>;

  constructor(readonly response: IncomingMessage) {
    this.#chunks = response[Symbol.asyncIterator]();
  }

  /** The next frame that is not a comment; null at the end. */
  async next(): Promise<{ id: number; data: Pick<TenantEvent, 'seq' | 'type'> } | null> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end < 0) {
        const { done, value } = await this.#chunks.next();
        if (done) return null;
        this.#text += value;
        continue;
      }
      const frame = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 2);
      const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(frame) ?? [];
      if (id && data) return { id: Number(id), data: JSON.parse(data) };
      assert.match(frame, /^: /);
      const retry = /^retry: (\d+)$/m.exec(frame)?.[1];
      if (retry) this.retryMs = Number(retry);
    }
  }
}

describe('event streams over a listening socket', () => {
  let app: FastifyInstance;
  let port: number;
  const client = new FakeClient();

  before(async () => {
    app = await buildTestApp(client);
    await app.listen({ host: '127.0.0.1', port: 0 });
    port = (app.server.address() as AddressInfo).port;
  });
  after(() => app.close());

  async function connect(path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
    const accept = 'text/event-stream';
    const request = get({ host: '127.0.0.1', port, path, headers: { accept, ...headers }, agent: false });
    const [response] = await once(request, 'response');
    return response as IncomingMessage;
  }

  async function newJob(): Promise<string> {
    const { id } = (await app.inject({ method: 'POST', url: '/jobs', payload: QUICK })).json();
    return id;
  }

  test('stored events come first, then each new one, and the stream ends after the last', async () => {
    const id = await newJob();
    const response = await connect(`/jobs/${id}/events`);
    assert.equal(response.headers['content-type'], 'text/event-stream');
    const reader = new EventReader(response);
    assert.deepEqual((await reader.next())?.data.type, 'job.queued');
    client.jobs.record(id, 'job.running');
    assert.deepEqual((await reader.next())?.data.type, 'job.running');
    client.jobs.finish(id, 'succeeded');
    const last = await reader.next();
    assert.deepEqual([last?.id, last?.data.seq, last?.data.type], [3, 3, 'job.succeeded']);
    assert.equal(await reader.next(), null);
  });

  test('a client that reconnects with Last-Event-ID misses nothing and sees nothing twice', async () => {
    const id = await newJob();
    client.jobs.record(id, 'a');
    const first = new EventReader(await connect(`/jobs/${id}/events`));
    assert.equal((await first.next())?.id, 1);
    first.response.destroy();
    client.jobs.record(id, 'b');
    const second = new EventReader(await connect(`/jobs/${id}/events?after=0`, { 'last-event-id': '1' }));
    assert.deepEqual([(await second.next())?.id, (await second.next())?.id], [2, 3]);
    second.response.destroy();
  });

  test('the stream of all jobs names the job of each event, and times as its ids', async () => {
    const [one, two] = [await newJob(), await newJob()];
    const reader = new EventReader(await connect('/events?types=job.paused&types=job.failed'));
    client.jobs.record(one, 'job.running');
    client.jobs.record(two, 'job.paused');
    client.jobs.finish(one, 'failed');
    const seen = [await reader.next(), await reader.next()].map((frame) => frame?.data as TenantEvent);
    assert.deepEqual(
      seen.map(({ job_id, type }) => [job_id, type]).sort(),
      [
        [one, 'job.failed'],
        [two, 'job.paused'],
      ].sort(),
    );
    client.jobs.record(two, 'job.failed');
    const next = (await reader.next()) ?? assert.fail('an event');
    assert.equal(next.id, Date.parse((next.data as TenantEvent).at));
    reader.response.destroy();
  });

  test('headers arrive before the first event', async () => {
    const id = await newJob();
    const response = await connect(`/jobs/${id}/events`, { 'last-event-id': '1' });
    assert.equal(response.statusCode, 200);
    response.destroy();
  });

  test('a finished job with nothing left to send answers 204, which stops an EventSource', async () => {
    const id = await newJob();
    client.jobs.finish(id, 'cancelled');
    const response = await connect(`/jobs/${id}/events`, { 'last-event-id': '2' });
    assert.equal(response.statusCode, 204);
    response.resume();
  });

  test('a client that leaves, or sends HEAD, leaves no follower behind', async () => {
    const id = await newJob();
    const response = await connect(`/jobs/${id}/events`);
    response.destroy();
    await client.jobs.unfollowed();
    const head = await app.inject({
      method: 'HEAD',
      url: `/jobs/${id}/events`,
      headers: { accept: 'text/event-stream' },
    });
    assert.equal(head.statusCode, 200);
    await client.jobs.unfollowed();
  });

  test('an unknown job and a bad Last-Event-ID are problems, not streams', async () => {
    const unknown = await connect('/jobs/none/events');
    assert.equal(unknown.statusCode, 404);
    assert.match(String(unknown.headers['content-type']), /^application\/problem\+json/);
    unknown.resume();
    const bad = await connect(`/jobs/${await newJob()}/events`, { 'last-event-id': 'x' });
    assert.equal(bad.statusCode, 400);
    bad.resume();
  });

  test('closing the server ends open streams, and asks clients to connect again', async () => {
    const reader = new EventReader(await connect(`/jobs/${await newJob()}/events`));
    await reader.next();
    const closed = app.close();
    assert.equal(await reader.next(), null);
    assert.equal(reader.retryMs, 1000);
    await closed;
    await client.jobs.unfollowed();
  });
});
