import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { ROOT } from '../../src/service/root.js';

/** A reading of the world that did not come as an argument. */
interface Ambient {
  readonly what: string;
  readonly line: number;
}

const READERS = ['process.env', 'Date.now', 'Math.random', 'performance.now', 'crypto.randomUUID'];

/** `new Date(value)` computes; without a value it reads the clock. */
function ambientOf(node: ts.Node): string | null {
  if (ts.isPropertyAccessExpression(node)) return READERS.find((reader) => reader === node.getText()) ?? null;
  const makesDate = ts.isNewExpression(node) && node.expression.getText() === 'Date';
  return makesDate && !node.arguments?.length ? 'new Date()' : null;
}

function findAmbient(name: string, text: string): Ambient[] {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found: Ambient[] = [];
  const visit = (node: ts.Node): void => {
    const what = ambientOf(node);
    if (what) found.push({ what, line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1 });
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

async function sources(folder: string): Promise<{ path: string; text: string }[]> {
  const names = await readdir(join(ROOT, folder), { recursive: true });
  const paths = names
    .filter((name) => name.endsWith('.ts') && !name.includes('generated/'))
    .map((name) => join(folder, name));
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(join(ROOT, path), 'utf8') })));
}

async function ambientIn(folder: string, doors: readonly string[]): Promise<string[]> {
  const files = (await sources(folder)).filter(({ path }) => !doors.includes(path));
  return files.flatMap(({ path, text }) =>
    findAmbient(path, text).map(({ what, line }) => `${path}:${line} ${what}`),
  );
}

// The second one's choice is part of a task's runtime, as the processor is (docs/provenance.md).
const TRAINER_DOORS = ['src/trainer/main.ts', 'src/trainer/runtime/enable-onednn.ts'];

// The same seed must give the same weights, on any day and any machine.
test('the trainer reads environment and clock in main.ts alone, but for the switch of oneDNN, and takes random numbers from seeds alone', async () => {
  assert.deepEqual(await ambientIn('src/trainer', TRAINER_DOORS), []);
});

test('descriptions of networks and the contract read neither environment, clock nor random numbers', async () => {
  assert.deepEqual(await ambientIn('src/network', []), []);
  assert.deepEqual(await ambientIn('src/contract', []), []);
});

// Hosts' clocks differ and jump. ids.ts takes the time as an argument, whose default is the clock: ids only sort by it.
test('the store takes every time from the clock of Postgres, never from that of its host', async () => {
  assert.deepEqual(await ambientIn('src/jobs/store', ['src/jobs/store/ids.ts']), []);
  assert.deepEqual(await ambientIn('src/jobs/lifecycle', []), []);
});

test('only the worker names the file of the trainer process', async () => {
  const files = (await sources('src')).filter(({ text }) =>
    /['"`][^'"`\n]*trainer\/main\.ts['"`]/.test(text),
  );
  assert.deepEqual(
    files.map(({ path }) => path).filter((path) => !path.startsWith('src/jobs/worker/')),
    [],
  );
  assert.equal(files.length, 1);
});

test('code that reads its environment is found, pure code is not', () => {
  const text = [
    'const a = process.env.HOME;',
    'const b = Date.now();',
    'const c = new Date();',
    'const d = Math.random();',
    'const e = performance.now();',
    "const f = 'Date.now()'; // Math.random()",
    'const g = new Date(0);',
  ].join('\n');
  const lines = findAmbient('fixture.ts', text).map(({ line }) => line);
  assert.deepEqual(lines, [1, 2, 3, 4, 5]);
});
