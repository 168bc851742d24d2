import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remember } from '../../../src/planning/spec/remember.js';

test('a cached result is returned until the cache is full', () => {
  const made: string[] = [];
  const of = remember(2, ({ name, size }: { name: string; size: number }) => {
    made.push(name);
    return `${name}${size}`;
  });
  assert.equal(of({ name: 'a', size: 1 }), 'a1');
  assert.equal(of({ name: 'a', size: 1 }), 'a1');
  assert.equal(of({ name: 'b', size: 1 }), 'b1');
  assert.deepEqual(made, ['a', 'b']);
  assert.equal(of({ name: 'a', size: 2 }), 'a2', 'of another key');
  assert.equal(of({ name: 'a', size: 1 }), 'a1', 'made again');
  assert.deepEqual(made, ['a', 'b', 'a', 'a']);
});
