import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../src/service/root.js';

/**
 * Words that begin a fragment ("Of what a stage has...") instead of a sentence. The reader learns what the comment is
 * about only at its end. Begin with the noun or the verb: "Cost of the AuxNet of a stage".
 */
export const FRAGMENT =
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

/**
 * Names of tests that begin beside their subject ("with one slot the tenant that..."), or are a fragment. A name may begin
 * with what the test is run on, up to a colon: `${family}: `.
 */
export const NAME_FRAGMENT =
  /^(?:[^:'"]{1,60}: )?(?:of|what|whatever|who|whoever|whose|why|how|that|those|which|than|so|as|if|while|when|once|before|after|between|until|by|with|without|within|beyond|outside|beside|in|from|on|at|for|through|nobody|somebody|everybody)\b/i;

/** Names of the tests of a file, and of the groups that hold them. */
function namesIn(path: string): string[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const calls = text.matchAll(/^\s*(?:await )?(?:t\.)?(?:test|describe)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gm);
  return [...calls].map(([, , name]) => name ?? '');
}

/** Comments, names of tests and lines of prose that break the rules of CONTRIBUTING.md. */
export async function checkWords(): Promise<string[]> {
  return [...findFragments(), ...findLongComments(), ...findNamesBesideSubject(), ...findLongLines()];
}

const codeFiles = (): string[] =>
  filesOf('src/**', '*/src/**', 'test/**', 'scripts/**', 'bench/**').filter(
    (path) => /\.(tsx?|mjs)$/.test(path) && !path.includes('/generated/'),
  );

function findFragments(): string[] {
  return faults(codeFiles(), (line) => FRAGMENT.test(line)).map((fault) => `${fault} begins with a fragment`);
}

function findLongComments(): string[] {
  const isLong = (line: string) => line.length > MAX_PROSE_LINE && /^\s*(\/\/|\/\*\*|\*) /.test(line);
  return faults(codeFiles(), isLong).map((fault) => `${fault} has more than ${MAX_PROSE_LINE} characters`);
}

function findNamesBesideSubject(): string[] {
  const files = filesOf('test/**').filter((path) => path.endsWith('.test.ts'));
  const names = files.flatMap((path) => namesIn(path).map((name) => ({ path, name })));
  const wrong = names.filter(({ name }) => NAME_FRAGMENT.test(name));
  return wrong.map(({ path, name }) => `${path} '${name}' does not begin with its subject`);
}

function findLongLines(): string[] {
  const pages = filesOf(
    'README.md',
    'CONTRIBUTING.md',
    'client/README.md',
    'docs/**/*.md',
    'docs/*.md',
  ).filter((path) => !OTHER_PAGES.includes(path));
  const isLong = (line: string, fenced: boolean) =>
    !fenced && line.length > MAX_PROSE_LINE && !/^\s*(\|.*\|$|!\[|<)/.test(line);
  return faults(pages, isLong).map((fault) => `${fault} has more than ${MAX_PROSE_LINE} characters`);
}
