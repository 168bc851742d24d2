import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Trial } from '../../client/src/index.js';
import { axesOf } from '../../dashboard/src/views/sweeps/axes.js';

const trial = (number: number, parameters: Trial['parameters'], value: number | null): Trial => ({
  ...{ object: 'trial', number, parameters, state: 'succeeded', value, spread: null, runs: [] },
});

test('trials have places on an axis for each field and the objective, and none where they have no value', () => {
  const trials = [
    trial(0, { '/rate': 0.01, '/type': 'sgd' }, 0.5),
    trial(1, { '/rate': 0.1, '/type': 'lamb' }, 0.9),
    trial(2, { '/rate': 1, '/type': 'sgd' }, null),
  ];
  const fields = [
    { name: '/rate', isLog: true },
    { name: '/type', isLog: false },
    { name: '/gone', isLog: false },
  ];
  const axes = axesOf(fields, trials, 'validation_accuracy');
  assert.deepEqual(
    axes.map(({ ends }) => ends),
    [
      ['0.01', '1'],
      ['sgd', 'lamb'],
      ['', ''],
      ['0.5', '0.9'],
    ],
  );
  const rounded = (place: number | null) => place && Number(place.toFixed(9));
  assert.deepEqual(
    trials.map((one) => axes.map(({ placeOf }) => rounded(placeOf(one)))),
    [
      [0, 0, null, 0],
      [0.5, 1, null, 1],
      [1, 0, null, null],
    ],
  );
});
