import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTogether } from '../../../src/jobs/client/together/read-together.js';

/** Reads that end when told to. */
function slowReads() {
  const begun: { keys: readonly string[]; end(answer: string): void; fail(error: Error): void }[] = [];
  const ask = readTogether(
    (keys: readonly string[]) =>
      new Promise<string>((end, fail) => {
        begun.push({ keys, end, fail });
      }),
  );
  return { begun, ask };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('calls during a read share the next one: no caller gets an answer from before its call', async () => {
  const { begun, ask } = slowReads();
  const first = [ask(['a']), ask(['b'])];
  await settled();
  assert.deepEqual(begun[0]?.keys, ['a', 'b']);
  const second = [ask(['b', 'c']), ask(['c'])];
  await settled();
  assert.equal(begun.length, 1);
  begun[0]?.end('old');
  assert.deepEqual(await Promise.all(first), ['old', 'old']);
  await settled();
  assert.deepEqual(begun[1]?.keys, ['b', 'c']);
  begun[1]?.end('new');
  assert.deepEqual(await Promise.all(second), ['new', 'new']);
});

test('a read that fails fails all calls that share it, and no other', async () => {
  const { begun, ask } = slowReads();
  const first = Promise.allSettled([ask([]), ask([])]);
  await settled();
  const second = ask([]);
  begun[0]?.fail(new Error('down'));
  assert.ok((await first).every(({ status }) => status === 'rejected'));
  await settled();
  begun[1]?.end('up');
  assert.equal(await second, 'up');
});
