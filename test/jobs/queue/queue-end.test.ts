import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QueueEnd } from '../../../src/jobs/client/jobs/queue-place.js';

const job = (id: string, tenant = 'a', priority = 0) => ({ id, tenant, priority });

test('jobs behind one that is beyond the counted positions are beyond them too, for a second', () => {
  let now = 0;
  const end = new QueueEnd(() => now);
  assert.equal(end.isBehind(job('job_2')), false);
  end.note([job('job_1'), job('job_3', 'b')]);
  assert.equal(end.isBehind(job('job_2')), true);
  assert.equal(end.isBehind(job('job_2', 'b')), false, 'it came before');
  assert.equal(end.isBehind(job('job_4', 'b')), true);
  assert.equal(end.isBehind(job('job_2', 'a', 1)), false, 'it goes first');
  assert.equal(end.isBehind(job('job_2', 'c')), false, 'it has turns of its own');
  now = 1_001;
  assert.equal(end.isBehind(job('job_2')), false, 'the queue may have moved');
});
