import assert from 'node:assert/strict';
import { test } from 'node:test';
import { specOf } from '../../client/src/index.js';
import { jobOf } from '../api/fixtures.js';
import { resolved } from '../jobs/support/specs.js';

test('the spec of a job is what was sent for it, and of an old job what the server did not work out', () => {
  const job = jobOf('job_1', resolved({ method: { stages: 3 }, seed: 7 }));
  const sent = { dataset: 'mnist', seed: 7, method: { stages: 3 } };
  assert.deepEqual(specOf({ ...job, requested: sent }), sent);
  const { seed, method, epochs } = specOf({ ...job, requested: null });
  assert.deepEqual([seed, epochs, method?.stages], [undefined, 10, 3]);
  for (const field of ['split', 'round_steps', 'penalty'])
    assert.ok(!Object.hasOwn(method ?? {}, field), field);
  assert.ok(!Object.values(specOf(job)).includes(null as never), 'null means what a missing field means');
});
