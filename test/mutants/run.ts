// npm run test:mutants [-- word ...]: plants each deliberate fault in a copy of the tree, those whose name, file or test
// contains a word or all of them, and fails unless the test that it names notices. test/mutants/list holds the faults.
import { cp, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../src/service/commands/command.js';
import { ROOT } from '../../src/service/root.js';
import { prepareTests } from '../support/prepare.js';
import { SHARED_SERVERS, startOwnServers } from '../support/servers.js';
import { MUTANTS } from './list/index.js';
import { type Mutant, plant, problemsOf } from './mutant.js';
import { baselineProblem, isCaught, runTests } from './outcome.js';

await runCommand(async () => {
  const words = process.argv.slice(2);
  const chosen = MUTANTS.filter(
    (mutant) => words.length === 0 || words.some((word) => isAbout(mutant, word)),
  );
  if (chosen.length === 0) throw new Error(`no mutant is about ${words.join(' or ')}`);
  const unfit = (await Promise.all(chosen.map((mutant) => problemsOf(ROOT, mutant)))).flat();
  if (unfit.length > 0) throw new Error(unfit.join('\n'));
  await prepareTests();
  await onSharedServers(() => inCopy((root) => tryMutants(root, chosen)));
});
async function tryMutants(root: string, mutants: readonly Mutant[]): Promise<void> {
  const broken = await brokenBaselines(root, mutants);
  const survivors = [];
  for (const mutant of mutants) {
    if (broken.has(mutant.caughtBy.file) || !(await tryMutant(root, mutant))) survivors.push(mutant.name);
  }
  console.log(`${mutants.length - survivors.length} of ${mutants.length} mutants caught`);
  if (survivors.length === 0) return;
  console.log(`not caught: ${survivors.join(', ')}`);
  process.exitCode = 1;
}

/** Test files take turns on one Postgres and one Redis: to start them takes longer than most of the tests. */
async function onSharedServers(body: () => Promise<void>): Promise<void> {
  const { databaseUrl, adminUrl, redisUrl, stop } = await startOwnServers();
  process.env[SHARED_SERVERS] = JSON.stringify({ databaseUrl, adminUrl, redisUrl });
  await body().finally(stop);
}

function isAbout({ name, file, caughtBy }: Mutant, word: string): boolean {
  return [name, file, caughtBy.file].some((text) => text.includes(word));
}

/** Runs `body` on a copy of the tree that shares its packages. */
async function inCopy(body: (root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'strata-mutants-'));
  try {
    const names = (await readdir(ROOT)).filter((name) => name !== 'node_modules' && !name.startsWith('.'));
    for (const name of names) await cp(join(ROOT, name), join(root, name), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    await body(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** The files whose named tests fail, or do not run, on the code as it is: they could not tell a fault. */
async function brokenBaselines(root: string, mutants: readonly Mutant[]): Promise<ReadonlySet<string>> {
  const files = new Map<string, Set<string>>();
  for (const { caughtBy } of mutants) {
    files.set(caughtBy.file, (files.get(caughtBy.file) ?? new Set()).add(caughtBy.test));
  }
  const broken = new Set<string>();
  for (const [file, tests] of files) {
    const problem = baselineProblem(await runTests(root, file, [...tests]), [...tests]);
    if (problem !== null) broken.add(file);
    console.log(problem === null ? `✓ ${file} passes without a fault` : `✗ ${file}: ${problem}`);
  }
  return broken;
}

async function tryMutant(root: string, mutant: Mutant): Promise<boolean> {
  const { name, fault, caughtBy } = mutant;
  const started = performance.now();
  const takeOut = await plant(root, mutant);
  const outcome = await runTests(root, caughtBy.file, [caughtBy.test]).finally(takeOut);
  const caught = isCaught(outcome, caughtBy);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${caught ? '✓' : '✗'} ${name.padEnd(24)} ${fault} (${seconds} s)`);
  console.log(`    ${caught ? 'caught by' : 'survives'} ${caughtBy.file}: ${caughtBy.test}`);
  if (outcome.broke !== null) console.log(`    the test did not run: ${outcome.broke}`);
  return caught;
}
