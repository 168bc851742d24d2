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
