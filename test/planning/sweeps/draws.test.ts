import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { placeInGrid, pointAt, type SeededSearch, uniform } from '../../../src/planning/sweeps/draws.js';
import { withValues } from '../../../src/planning/sweeps/set-values.js';
import { checkSpace, gridSize, valueAt } from '../../../src/planning/sweeps/space.js';
import type { Dimension, Space } from '../../../src/planning/sweeps/types.js';

const halton: SeededSearch = { type: 'halton', seed: 3 };
const random: SeededSearch = { type: 'random', seed: 3 };
const points = (search: SeededSearch, space: Space, count: number) =>
  Array.from({ length: count }, (_, index) => pointAt(search, space, index));

describe('the points of a search', () => {
  test('a grid has all combinations once, in an order of the seed, and then ends', () => {
    const space: Space = { '/a': { values: ['x', null] }, '/b': { min: 0.1, max: 0.3, step: 0.1 } };
    assert.equal(gridSize(space), 6);
    const drawn = (seed: number) =>
      points({ type: 'grid', seed }, space, 7).map((point) => JSON.stringify(point && Object.values(point)));
    const all = ['x', null].flatMap((a) => [0.1, 0.2, 0.3].map((b) => JSON.stringify([a, b])));
    const orders = [0, 1, 2, 3].map((seed) => drawn(seed).slice(0, -1));
    for (const order of orders) assert.deepEqual(order.toSorted(), all.toSorted());
    assert.equal(drawn(0).at(-1), 'null');
    assert.deepEqual(drawn(1), drawn(1));
    assert.ok(new Set(orders.map(String)).size > 1, 'another seed draws another order');
  });

  test('the order of a grid is a permutation of any size, and does not follow the values', () => {
    for (const size of [1, 2, 9, 64, 1_000]) {
      const places = Array.from({ length: size }, (_, index) => placeInGrid(5, index, size));
      assert.deepEqual(
        places.toSorted((a, b) => a - b),
        Array.from({ length: size }, (_, index) => index),
      );
    }
    const rising = Array.from(
      { length: 999 },
      (_, index) => placeInGrid(5, index, 1_000) < placeInGrid(5, index + 1, 1_000),
    );
    const share = rising.filter(Boolean).length / rising.length;
    // Seven standard deviations of a random order.
    assert.ok(Math.abs(share - 0.5) < 0.065, `${share} of the steps rise`);
    assert.equal(placeInGrid(5, 12, 2 ** 40), 12, 'a grid of which none can see the end keeps its order');
  });

  test('a seed gives the same points, and another seed gives others', () => {
    const space: Space = { '/a': { min: 0, max: 1 }, '/b': { values: [1, 2, 3] } };
    for (const search of [halton, random]) {
      assert.deepEqual(points(search, space, 20), points(search, space, 20));
      assert.notDeepEqual(points(search, space, 20), points({ ...search, seed: 4 }, space, 20));
    }
  });

  test('Halton points are even: each third of each axis has a third of them, and each ninth of a square a ninth', () => {
    const space: Space = { '/a': { min: 0, max: 1 }, '/b': { min: 0, max: 1 } };
    const cells = new Array<number>(9).fill(0);
    for (const point of points(halton, space, 900)) {
      const [a = 0, b = 0] = Object.values(point ?? {}).map(Number);
      const cell = 3 * Math.floor(3 * a) + Math.floor(3 * b);
      cells[cell] = (cells[cell] ?? 0) + 1;
    }
    // Independent points of this number differ from 100 by 9 on average.
    for (const count of cells) assert.ok(Math.abs(count - 100) <= 4, cells.join(' '));
  });

  test('uniform numbers have the mean and the spread of uniform numbers, and neighbors do not go together', () => {
    const drawn = Array.from({ length: 4096 }, (_, index) => uniform(7, 1, index));
    const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
    const product = drawn.reduce(
      (sum, value, index) => sum + (value - 0.5) * ((drawn[index + 1] ?? 0.5) - 0.5),
      0,
    );
    // Four standard deviations.
    assert.ok(Math.abs(mean - 0.5) < (4 * Math.sqrt(1 / 12)) / 64);
    assert.ok(Math.abs(product / drawn.length) < 4 / 12 / 64);
  });

  test('a logarithmic range is even in the logarithm, and ends stay inside', () => {
    const range: Dimension = { min: 0.001, max: 1, scale: 'log' };
    assert.equal(valueAt(range, 0), 0.001);
    assert.ok(Math.abs(Number(valueAt(range, 1 / 3)) - 0.01) < 1e-12);
    assert.equal(valueAt({ min: 8, max: 20, step: 6 }, 0.999), 20);
    assert.equal(valueAt({ min: 5, max: 5 }, 0.5), 5);
  });
});

test('values are set at their pointers, in a copy, also below a field that is null', () => {
  const job = { model: { depth: 8, width: 4 }, freeze: null };
  const changed = withValues(job, { '/model/depth': 14, '/freeze/blocks': 2, '/__proto__/x': 1 });
  assert.deepEqual(
    JSON.stringify(changed),
    '{"model":{"depth":14,"width":4},"freeze":{"blocks":2},"__proto__":{"x":1}}',
  );
  assert.deepEqual(job, { model: { depth: 8, width: 4 }, freeze: null });
});

describe('a space that nothing can be drawn from is refused with its field', () => {
  const problemsOf = (space: Space, type: SeededSearch['type'] = 'halton'): string[] => {
    const pointers: string[] = [];
    checkSpace(space, { type, seed: 1 }, (pointer) => pointers.push(pointer));
    return pointers;
  };
  const cases: readonly [string, Space, SeededSearch['type'], string[]][] = [
    ['min above max', { '/a/b': { min: 2, max: 1 } }, 'halton', ['/space/~1a~1b/min']],
    ['a logarithm of zero', { '/a': { min: 0, max: 1, scale: 'log' } }, 'random', ['/space/~1a/min']],
    ['half a range', { '/a': { min: 1 } }, 'halton', ['/space/~1a']],
    ['values and a range', { '/a': { values: [1], max: 2 } }, 'halton', ['/space/~1a/max']],
    [
      'steps of a logarithm',
      { '/a': { min: 1, max: 2, step: 1, scale: 'log' } },
      'halton',
      ['/space/~1a/step'],
    ],
    ['a grid over a range without a step', { '/a': { min: 1, max: 2 } }, 'grid', ['/space/~1a/step']],
    ['no field', {}, 'random', ['/space']],
    ['fields that nothing searches', { '/a': { values: [1] } }, 'none', ['/space']],
    [
      'a field within another',
      { '/a': { values: [1] }, '/a/b': { values: [1] } },
      'halton',
      ['/space/~1a~1b'],
    ],
    ['nothing wrong', { '/a': { values: [1] }, '/ab': { min: 1, max: 1 } }, 'halton', []],
  ];
  for (const [name, space, type, pointers] of cases) {
    test(name, () => assert.deepEqual(problemsOf(space, type), pointers));
  }
});
