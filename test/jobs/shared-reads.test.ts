import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedReads } from '../../src/jobs/client/shared-reads.js';

test('callers at the same time share a read, and none joins one begun before a nudge', async () => {
  const reads = new SharedReads();
  const begun: ((value: number) => void)[] = [];
  const ask = () => reads.share('job_1/0', () => new Promise<number>((resolve) => begun.push(resolve)));
  const [first, second] = [ask(), ask()];
  reads.forget();
  const third = ask();
  assert.equal(begun.length, 2);
  begun[0]?.(1);
  assert.deepEqual(await Promise.all([first, second]), [1, 1]);
  // The end of the first read must not take the second away.
  const fourth = ask();
  assert.equal(begun.length, 2);
  begun[1]?.(2);
  assert.deepEqual(await Promise.all([third, fourth]), [2, 2]);
});

test('a read that fails fails all who share it, and is begun anew by the next', async () => {
  const reads = new SharedReads();
  const failing = () => reads.share('key', () => Promise.reject(new Error('down')));
  const results = await Promise.allSettled([failing(), failing()]);
  assert.ok(results.every(({ status }) => status === 'rejected'));
  assert.equal(await reads.share('key', async () => 'up'), 'up');
});
