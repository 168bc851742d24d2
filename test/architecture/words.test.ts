import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkWords, FRAGMENT, NAME_FRAGMENT } from '../../scripts/checks/words.js';

test('comments and names of tests begin with their subject, and lines of prose end near 120 characters', async () => {
  assert.deepEqual(await checkWords(), []);
});

test('a fragment is recognized in every form of comment', () => {
  for (const line of [
    '// Of the head.',
    '/** What it costs. */',
    '   * Where it lies.',
    '  // As many as fit.',
  ])
    assert.match(line, FRAGMENT);
  for (const line of [
    '// Cost of the head.',
    ' * costs what it costs',
    "const what = 'What';",
    '// Often it is 0.',
  ])
    assert.doesNotMatch(line, FRAGMENT);
});

test('a name that begins beside its subject is recognized, also behind what the test runs on', () => {
  for (const name of [
    'with one slot a is next',
    'resnet: in bfloat16 a split',
    'what a worker writes is read',
  ])
    assert.match(name, NAME_FRAGMENT);
  for (const name of ['a slot is free', 'resnet, beta 3: every stage', 'insertion keeps order'])
    assert.doesNotMatch(name, NAME_FRAGMENT);
});
