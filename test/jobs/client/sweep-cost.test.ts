import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warningsOf } from '../../../src/jobs/client/sweeps/cost.js';

const jobs = (...stages: number[]) => stages.map((each) => ({ spec: { method: { stages: each } } }));

test('a dry run warns of stages where there are more jobs than devices, and of nothing else', () => {
  assert.match(
    warningsOf(jobs(2, 1, 2), 2).join(),
    /^2 of 3 jobs .* there are 2 devices\. With method\.stages 1,/,
  );
  assert.match(warningsOf(jobs(2, 2), 1).join(), /there is 1 device\./);
  assert.deepEqual(warningsOf(jobs(1, 1, 1), 2), []);
  assert.deepEqual(warningsOf(jobs(2, 2), 2), []);
  assert.deepEqual(warningsOf(jobs(2, 2), 0), [], 'no worker is there yet');
});
