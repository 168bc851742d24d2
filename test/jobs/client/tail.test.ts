import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BATCH, type Source, Tail } from '../../../src/jobs/client/together/tail.js';

/** A list in memory that counts how often it is read. */
class List implements Source<{ seq: number }> {
  ended = false;
  reads = 0;
  constructor(public length: number) {}

  async readState() {
    return { newest: this.length, ended: this.ended };
  }

  async rows(after: number) {
    this.reads += 1;
    const count = Math.max(0, Math.min(BATCH, this.length - after));
    return Array.from({ length: count }, (_, index) => ({ seq: after + index + 1 }));
  }
}

const never = new AbortController().signal;
const seqs = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

async function all(tail: Tail<{ seq: number }>, after: number): Promise<number[]> {
  const seen: number[] = [];
  for await (const { seq } of tail.follow(after, never)) seen.push(seq);
  return seen;
}

test('readers from any place get every row once and in order, while the list grows and until it ends', async () => {
  const list = new List(3 * BATCH + 7);
  const tail = new Tail(list);
  const places = [0, 1, BATCH, 3 * BATCH, list.length - 1, list.length, Number.MAX_SAFE_INTEGER];
  const readers = places.map((after) => all(tail, after));
  for (const grown of [1, 2, BATCH, 2 * BATCH + 1]) {
    list.length += grown;
    tail.nudge();
    await new Promise((resolve) => setImmediate(resolve));
  }
  list.length += 1;
  list.ended = true;
  tail.nudge();
  const seen = await Promise.all(readers);
  for (const [index, after] of places.entries()) assert.deepEqual(seen[index], seqs(after + 1, list.length));
});

test('new rows are read once for a thousand readers', async () => {
  const list = new List(2);
  const tail = new Tail(list);
  const readers = Array.from({ length: 1000 }, () => tail.follow(0, never));
  const next = () => Promise.all(readers.map(async (reader) => (await reader.next()).value?.seq));
  assert.ok((await next()).every((seq) => seq === 1));
  assert.ok((await next()).every((seq) => seq === 2));
  const before = list.reads;
  const waiting = next();
  await new Promise((resolve) => setImmediate(resolve));
  list.length = 3;
  tail.nudge();
  assert.ok((await waiting).every((seq) => seq === 3));
  assert.ok(list.reads - before <= 2, `${list.reads - before} reads`);
});

test('a reader whose signal aborts ends, and leaves nothing behind', async () => {
  const tail = new Tail(new List(0));
  const stop = new AbortController();
  const reader = tail.follow(0, stop.signal);
  const next = reader.next();
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  assert.equal((await next).done, true);
});
