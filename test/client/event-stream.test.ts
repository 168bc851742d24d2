import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMessages } from '../../client/src/event-stream.js';

async function read(...chunks: string[]): Promise<string[]> {
  const body = ReadableStream.from(chunks.map((chunk) => new TextEncoder().encode(chunk)));
  const events: string[] = [];
  for await (const event of readMessages(body)) events.push(`${event.id}=${event.data}`);
  return events;
}

test('events are read from chunks of every length', async () => {
  const stream = 'id: 1\ndata: {"a":1}\n\n: keep-alive\n\nid: 2\r\ndata: x\r\ndata: y\r\n\r\n';
  const expected = ['1={"a":1}', '2=x\ny'];
  assert.deepEqual(await read(stream), expected);
  assert.deepEqual(await read(...stream), expected);
});

test('an event cut off by the end of the stream is not one', async () => {
  assert.deepEqual(await read('id: 1\ndata: a\n\nid: 2\ndata: b'), ['1=a']);
});
