import assert from 'node:assert/strict';
import { test } from 'node:test';
import { positionsOf, readSlices, sliceOf } from '../../dashboard/src/views/evaluations/wanted-slices.js';

test('positions are numbers and ranges with both ends; any other text is none', () => {
  assert.deepEqual(positionsOf('0-3, 7;9 9'), [0, 1, 2, 3, 7, 9, 9]);
  for (const text of ['', ' , ', '3-1', '0-', '-1', '1.5', 'a', '0x10', '0-40000', '0-20000,0-20000']) {
    assert.equal(positionsOf(text), null, text);
  }
  assert.equal(positionsOf('0-39999')?.length, 40_000);
});

test('the slices of an address are those that can be asked for, also of an address that was changed', () => {
  const slices = [
    { name: 'small', classes: ['0', '1'] },
    { name: 'first', positions: '0-1' },
    { name: 'north', column: 'site', value: 'north' },
    { name: 'unknown', column: 'site', value: null },
  ];
  assert.deepEqual(readSlices(JSON.stringify(slices)), slices);
  assert.deepEqual(readSlices(JSON.stringify(slices)).map(sliceOf), [
    { name: 'small', classes: ['0', '1'] },
    { name: 'first', indices: [0, 1] },
    { name: 'north', metadata: { column: 'site', value: 'north' } },
    { name: 'unknown', metadata: { column: 'site', value: null } },
  ]);
  for (const text of [
    null,
    '',
    '{',
    '{}',
    '[1, null, {"name": "none"}, {"name": "x", "positions": 1}, {"name": "y", "column": "a"}]',
  ])
    assert.deepEqual(readSlices(text), [], `${text}`);
});
