import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BusyTime } from '../../../src/jobs/worker/slots/busy-time.js';
import { residentMemory } from '../../../src/jobs/worker/slots/resident-memory.js';

const MINUTE = 60_000;

test('the share at work is that of the last hour, or of the time since the start', () => {
  const busy = new BusyTime(0);
  assert.equal(busy.share(0), 0);
  busy.begin(10 * MINUTE);
  assert.equal(busy.share(20 * MINUTE), 0.5, 'while it works');
  busy.end(20 * MINUTE);
  assert.equal(busy.share(40 * MINUTE), 0.25);
  assert.equal(busy.share(75 * MINUTE), 5 / 60, 'from 15 to 20 of the hour from 15 to 75');
  assert.equal(busy.share(80 * MINUTE), 0);
  busy.begin(90 * MINUTE);
  busy.end(100 * MINUTE);
  busy.end(110 * MINUTE);
  assert.equal(busy.share(110 * MINUTE), 10 / 60, 'an end counts once');
});

test('the resident memory is that of the process, in bytes', () => {
  const own = residentMemory(process.pid) ?? assert.fail('this process has memory');
  const { rss } = process.memoryUsage();
  assert.ok(own > rss / 2 && own < 2 * rss, `${own} beside ${rss}`);
  assert.equal(residentMemory(2 ** 30), null);
});
