import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../src/service/root.js';
import { MUTANTS } from './list/index.js';
import { mutate, plant, problemsOf } from './mutant.js';
import { baselineProblem, isCaught, runTests } from './outcome.js';

// `npm run test:mutants` plants the faults and takes minutes. This says that they can still be planted.

const FEWEST = 100;

test('every mutant changes text that stands in the code once, and names a test that is there', async () => {
  const problems = (await Promise.all(MUTANTS.map((mutant) => problemsOf(ROOT, mutant)))).flat();
  assert.deepEqual(problems, []);
  assert.ok(MUTANTS.length >= FEWEST, `${MUTANTS.length} mutants`);
  assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length, 'names are unique');
});

test('a text that is absent, or stands there twice, cannot be mutated', () => {
  const edit = (from: string) => ({ name: 'm', file: 'f.ts', edits: [[from, 'x']] }) as const;
  assert.equal(mutate('a b c', edit('b')), 'a x c');
  assert.throws(() => mutate('a b c', edit('d')), /'d' stands 0 times in f.ts/);
  assert.throws(() => mutate('a b b', edit('b')), /'b' stands 2 times in f.ts/);
});

test('a mutant is caught by its named test alone; a broken file, or one that fails anyway, catches nothing', async () => {
  const root = await mkdtemp(join(tmpdir(), 'strata-mutant-'));
  try {
    await mkdir(join(root, 'src'));
    await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    await writeFile(join(root, 'package.json'), '{ "type": "module" }');
    await writeFile(join(root, 'src/sum.mjs'), 'export const sum = (a, b) => a + b;\n');
    const tests = [
      "import assert from 'node:assert/strict';",
      "import { test } from 'node:test';",
      "import { sum } from './src/sum.mjs';",
      "test('sums up', () => assert.equal(sum(1, 2), 3));",
      "test('looks away', () => assert.ok(sum));",
    ];
    await writeFile(join(root, 'sum.test.mjs'), tests.join('\n'));
    const mutant = {
      name: 'minus',
      fault: 'It subtracts.',
      file: 'src/sum.mjs',
      edits: [['a + b', 'a - b']],
    } as const;
    const outcomeOf = (name: string) => runTests(root, 'sum.test.mjs', [name]);
    assert.deepEqual(await outcomeOf('sums up'), { passed: ['sums up'], failed: [], broke: null });
    const takeOut = await plant(root, { ...mutant, caughtBy: { file: 'sum.test.mjs', test: 'sums up' } });
    const noticed = await outcomeOf('sums up');
    assert.deepEqual(noticed.failed, ['sums up']);
    assert.ok(isCaught(noticed, { file: 'sum.test.mjs', test: 'sums up' }));
    assert.equal(baselineProblem(noticed, ['sums up']), 'fails without a fault: sums up');
    assert.ok(!isCaught(await outcomeOf('looks away'), { file: 'sum.test.mjs', test: 'looks away' }));
    await takeOut();
    assert.equal(await readFile(join(root, 'src/sum.mjs'), 'utf8'), 'export const sum = (a, b) => a + b;\n');
    await writeFile(join(root, 'src/sum.mjs'), 'export const sum = ;\n');
    const broken = await outcomeOf('sums up');
    assert.match(broken.broke ?? '', /SyntaxError/);
    assert.ok(!isCaught(broken, { file: 'sum.test.mjs', test: 'sums up' }));
    assert.match(baselineProblem(broken, ['sums up']) ?? '', /^none of its tests ran/);
    assert.notEqual((await outcomeOf('no such test')).broke, null);
    const passed = { passed: ['looks away'], failed: [], broke: null };
    assert.equal(baselineProblem(passed, ['looks away', 'sums up']), 'did not run: sums up');
    assert.equal(baselineProblem(passed, ['looks away']), null);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
