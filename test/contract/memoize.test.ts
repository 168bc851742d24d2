import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoize } from '../../src/contract/memoize.js';

test('a value is returned again for its key until the limit of kept values is reached', () => {
  const made: string[] = [];
  const of = memoize(
    ({ name, size }: { name: string; size: number }) => {
      made.push(name);
      return `${name}${size}`;
    },
    { max: 2 },
  );
  assert.equal(of({ name: 'a', size: 1 }), 'a1');
  assert.equal(of({ name: 'a', size: 1 }), 'a1');
  assert.equal(of({ name: 'b', size: 1 }), 'b1');
  assert.deepEqual(made, ['a', 'b']);
  assert.equal(of({ name: 'a', size: 2 }), 'a2', 'of another key');
  assert.equal(of({ name: 'a', size: 1 }), 'a1', 'made again');
  assert.deepEqual(made, ['a', 'b', 'a', 'a']);
});

test('a value that is too old is computed again', () => {
  let now = 100;
  let made = 0;
  const of = memoize(() => ++made, { max: 1, age: { ms: 10, now: () => now } });
  assert.deepEqual([of(), of()], [1, 1]);
  now = 109;
  assert.equal(of(), 1);
  now = 110;
  assert.deepEqual([of(), of()], [2, 2]);
});

test('a pending promise is shared; a rejected one, and one whose value must not be kept, is dropped', async () => {
  const answers = [Promise.reject(new Error('no')), Promise.resolve(null), Promise.resolve('yes')];
  let asked = 0;
  const of = memoize((_: string) => answers[asked++]!, { max: 9, keeps: (value) => value !== null });
  const [first, second] = [of('a'), of('a')];
  assert.equal(first, second);
  await assert.rejects(first, /no/);
  assert.equal(await of('a'), null);
  assert.equal(await of('a'), 'yes');
  assert.equal(await of('a'), 'yes');
  assert.equal(asked, 3);
});
