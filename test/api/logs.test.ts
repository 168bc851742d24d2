import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { FakeClient } from './fake/fake-client.js';
import { NOW } from './fixtures.js';
import { buildTestApp, QUICK, useApp } from './harness.js';

describe('logs', () => {
  const { context, call, createJob } = useApp();

  async function printed(...texts: string[]): Promise<string> {
    const id = await createJob();
    for (const text of texts) context.client.jobs.print(id, text);
    return id;
  }

  test('are a list with pages, filtered by task', async () => {
    const id = await printed('a', 'b', 'c');
    context.client.jobs.print(id, 'd', 'finalize');
    const first = (await call('GET', `/jobs/${id}/logs?limit=3`)).json();
    assert.deepEqual([first.data.length, first.has_more, first.next], [3, true, '3']);
    const second = (await call('GET', `/jobs/${id}/logs?after=${first.next}`)).json();
    assert.deepEqual([second.data.length, second.data[0].text, second.has_more], [1, 'd', false]);
    const finalize = (await call('GET', `/jobs/${id}/logs?task=finalize`)).json();
    assert.deepEqual(
      finalize.data.map(({ seq }: { seq: number }) => seq),
      [4],
    );
  });

  test('are plain text without pages for a client that accepts it', async () => {
    const id = await printed(...Array.from({ length: 1001 }, (_, index) => `line ${index}`));
    const response = await call('GET', `/jobs/${id}/logs?after=1`, { headers: { accept: 'text/plain' } });
    assert.equal(response.headers['content-type'], 'text/plain; charset=utf-8');
    const lines = response.body.split('\n');
    assert.equal(lines.length, 1001);
    assert.equal(lines[0], `${NOW} stage-1-0 1 stderr line 1`);
  });

  test('cannot be followed as a JSON list', async () => {
    const id = await printed();
    const headers = { accept: 'application/json' };
    const response = await call('GET', `/jobs/${id}/logs?follow=true`, { headers });
    assert.equal(response.statusCode, 400);
    const [error] = response.json().errors;
    assert.deepEqual([error.in, error.pointer], ['query', '/follow']);
    assert.match(error.message, /text\/plain/);
  });

  test('logs of an unknown job are a problem in every form', async () => {
    for (const accept of ['*/*', 'text/plain', 'text/event-stream']) {
      const response = await call('GET', '/jobs/none/logs', { headers: { accept } });
      assert.equal(response.statusCode, 404);
      assert.match(String(response.headers['content-type']), /^application\/problem\+json/);
    }
  });

  test('logs of a finished job with nothing left to send end an EventSource', async () => {
    const id = await printed('a');
    context.client.jobs.finish(id, 'cancelled');
    const headers = { accept: 'text/event-stream', 'last-event-id': '1' };
    assert.equal((await call('GET', `/jobs/${id}/logs`, { headers })).statusCode, 204);
  });
});

describe('followed logs', () => {
  let app: FastifyInstance;
  const client = new FakeClient();
  before(async () => {
    app = await buildTestApp(client);
    await app.listen({ host: '127.0.0.1', port: 0 });
  });
  after(() => app.close());

  async function connect(path: string, accept: string): Promise<IncomingMessage> {
    const { port } = app.server.address() as AddressInfo;
    const request = get({ host: '127.0.0.1', port, path, headers: { accept }, agent: false });
    const [response] = await once(request, 'response');
    return response as IncomingMessage;
  }

  async function newJob(): Promise<string> {
    return (await app.inject({ method: 'POST', url: '/jobs', payload: QUICK })).json().id;
  }

  test('grow with the job and end after it, as text', async () => {
    const id = await newJob();
    client.jobs.print(id, 'stored');
    const response = await connect(`/jobs/${id}/logs?follow=true`, '*/*');
    const chunks = response.setEncoding('utf8')[Symbol.asyncIterator]();
    assert.match((await chunks.next()).value, /stored\n$/);
    client.jobs.print(id, 'live');
    assert.match((await chunks.next()).value, /live\n$/);
    client.jobs.print(id, 'last words');
    client.jobs.finish(id, 'failed');
    assert.match((await chunks.next()).value, /last words\n$/);
    assert.equal((await chunks.next()).done, true);
  });

  test('are events for an EventSource, with their seq as id', async () => {
    const id = await newJob();
    client.jobs.print(id, 'one');
    client.jobs.finish(id, 'succeeded');
    let text = '';
    for await (const chunk of await connect(`/jobs/${id}/logs`, 'text/event-stream')) text += String(chunk);
    assert.match(text, /^: connected\n\nid: 1\ndata: {"seq":1,.*"text":"one"}\n\n$/);
  });

  test('leave no follower behind when the client leaves', async () => {
    const id = await newJob();
    client.jobs.print(id, 'a');
    const response = await connect(`/jobs/${id}/logs?follow=true`, 'text/plain');
    response.destroy();
    await client.jobs.unfollowed();
  });
});
