import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../src/service/root.js';

/**
 * Words that begin a fragment ("Of what a stage has...") instead of a sentence. The reader learns what the comment is
 * about only at its end. Begin with the noun or the verb: "Cost of the AuxNet of a stage".
 */
const FRAGMENT =
  /^\s*(?:\/\/|\/\*\*|\*)\s+(?:Of|What|Whose|Those|Where|As many|So many|Whatever|Whoever|How|That|Which|Than)\b/;

/** Lines of prose end near 120 characters. This limit leaves room for a long word or link at the end. */
const MAX_PROSE_LINE = 130;

/** Pages of other rules: generated from benchmark results, or lists that are merged line by line. */
const OTHER_PAGES = ['docs/benchmarks.md', 'docs/accuracy.md', 'docs/public-reports.md'];

const linesIn = (text: string): string[] => text.split('\n');

function filesOf(...patterns: readonly string[]): string[] {
  return execFileSync('git', ['ls-files', '--', ...patterns], { cwd: ROOT, encoding: 'utf8' })
    .trim()
    .split('\n');
}

/** `path:line text` of each line that is at fault. */
function faults(paths: readonly string[], isFault: (line: string, fenced: boolean) => boolean): string[] {
  return paths.flatMap((path) => {
    let fenced = false;
    return linesIn(readFileSync(join(ROOT, path), 'utf8')).flatMap((line, index) => {
      if (/^\s*```/.test(line)) fenced = !fenced;
      return isFault(line, fenced) ? [`${path}:${index + 1} ${line.trim()}`] : [];
    });
  });
}

test('a comment begins with its noun or verb, not with a fragment', () => {
  const code = filesOf('src/**', 'client/src/**', 'test/**', 'scripts/**', 'bench/**').filter(
    (path) => /\.(ts|mjs)$/.test(path) && !path.includes('/generated/'),
  );
  assert.ok(code.length > 500, 'the pattern of paths finds the code');
  assert.deepEqual(
    faults(code, (line) => FRAGMENT.test(line)),
    [],
  );
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

/**
 * Names of tests that begin beside their subject ("with one slot the tenant that..."), or are a fragment. A name may begin
 * with what the test is run on, up to a colon: `${family}: `.
 */
const NAME_FRAGMENT =
  /^(?:[^:'"]{1,60}: )?(?:of|what|whatever|who|whoever|whose|why|how|that|those|which|than|so|as|if|while|when|once|before|after|between|until|by|with|without|within|beyond|outside|beside|in|from|on|at|for|through|nobody|somebody|everybody)\b/i;

/** Names of the tests of a file, and of the groups that hold them. */
function namesIn(path: string): string[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const calls = text.matchAll(/^\s*(?:await )?(?:t\.)?(?:test|describe)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gm);
  return [...calls].map(([, , name]) => name!);
}

test('the name of a test begins with its subject', () => {
  const files = filesOf('test/**').filter((path) => path.endsWith('.test.ts'));
  const names = files.flatMap((path) => namesIn(path).map((name) => ({ path, name })));
  assert.ok(names.length > 700, `${names.length} names are found`);
  assert.deepEqual(
    names.filter(({ name }) => NAME_FRAGMENT.test(name)),
    [],
  );
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

test('prose in README, CONTRIBUTING and docs has lines of at most 130 characters', () => {
  const pages = filesOf(
    'README.md',
    'CONTRIBUTING.md',
    'client/README.md',
    'docs/**/*.md',
    'docs/*.md',
  ).filter((path) => !OTHER_PAGES.includes(path));
  assert.deepEqual(
    faults(
      pages,
      (line, fenced) => !fenced && line.length > MAX_PROSE_LINE && !/^\s*(\|.*\|$|!\[|<)/.test(line),
    ),
    [],
  );
});
