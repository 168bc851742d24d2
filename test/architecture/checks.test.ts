import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { runChecks } from '../../scripts/checks/runner.js';
import { assertionsIn } from '../../scripts/checks/type-assertions.js';
import { GENERATED_FILES } from '../../scripts/generated-files.js';
import { replaceBetween } from '../../scripts/replace-between.js';
import { ERRORS } from '../../src/contract/errors.js';
import { ROOT } from '../../src/service/root.js';

const ERRORS_FOLDER = 'src/contract/errors';

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

test('an error code has one subject', async () => {
  const subjects = (await readdir(join(ROOT, ERRORS_FOLDER))).filter((file) => file !== 'catalogue-entry.ts');
  const codes = await Promise.all(
    subjects.map(async (file) =>
      Object.values<object>(await import(join(ROOT, ERRORS_FOLDER, file))).flatMap((codes) =>
        Object.keys(codes),
      ),
    ),
  );
  assert.deepEqual(codes.flat().toSorted(), Object.keys(ERRORS).toSorted());
});

test('casts and `!` are found, and nothing else', () => {
  const text = `const a = b as string;\nconst c = d!;\nconst e = ['f'] as const;\n// g as string\nconst h = !i && j !== k;`;
  assert.deepEqual(assertionsIn('x.ts', text), ['x.ts:1 b as string', 'x.ts:2 d!']);
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
