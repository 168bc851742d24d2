import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelProblems } from '../../../src/jobs/client/jobs/initial-problems.js';
import { resolved } from '../support/specs.js';

test('weights fit another solver and other steps, and no network that lacks or has a learned time alone', () => {
  const model = { family: 'ode-resnet', solver: 'rk4', steps: 1 } as const;
  const fixed = resolved({ model });
  const learned = resolved({ model: { ...model, solver: 'euler', steps: 4, learned_time: true } });
  const pointers = (from: typeof fixed, to: typeof fixed) =>
    modelProblems('checkpoint', from.model, to).map(({ pointer }) => pointer);
  assert.deepEqual(pointers(resolved({ model: { ...model, solver: 'euler', steps: 4 } }), fixed), []);
  assert.deepEqual(pointers(fixed, learned), ['/model/learned_time']);
  assert.deepEqual(pointers(learned, fixed), ['/model/learned_time']);
  // A spec of an earlier version has no such field.
  const { learned_time: _, ...earlier } = resolved({}).model;
  assert.deepEqual(modelProblems('model', earlier, resolved({})), []);
});
