import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runChecks } from '../../scripts/checks/runner.js';
import { GENERATED_FILES } from '../../scripts/generated-files.js';
import { replaceBetween } from '../../scripts/replace-between.js';

test('every check runs, whatever the others find, and at most the given number at a time', async () => {
  let running = 0;
  let max = 0;
  const check = (name: string, answer: () => readonly string[]) => ({
    name,
    run: async () => {
      max = Math.max(max, ++running);
      await Promise.resolve();
      running -= 1;
      return answer();
    },
  });
  const broken = (): never => {
    throw new Error('no such tool');
  };
  const checks = [
    check('a', () => ['first']),
    check('b', broken),
    check('c', () => []),
    check('d', () => []),
  ];
  const seen: string[] = [];
  const results = await runChecks(checks, 2, ({ name }) => seen.push(name));
  const problems = Object.fromEntries(results.map((result) => [result.name, result.problems]));
  assert.deepEqual(problems, { a: ['first'], b: ['no such tool'], c: [], d: [] });
  assert.deepEqual(seen.toSorted(), ['a', 'b', 'c', 'd']);
  assert.equal(max, 2);
});

test('a table is written between its markers, and a page without them is refused', () => {
  assert.equal(replaceBetween('x [ old ] y', '[', ']', ' new ', 'a page'), 'x [ new ] y');
  assert.throws(
    () => replaceBetween('x ] y [', '[', ']', 'new', 'a page'),
    /no '\[' followed by '\]' in a page/,
  );
  assert.throws(() => replaceBetween('x', '[', ']', 'new', 'a page'), /no '\['/);
});

test('generated files render alike twice', async () => {
  for (const { render } of GENERATED_FILES) assert.equal(await render(), await render());
});
