import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createConfig, lint } from '@redocly/openapi-core';
import { schemaDiff } from '../../prisma/schema-diff.js';
import { CommandError, exec } from '../../src/provision/exec.js';
import { ROOT } from '../../src/service/root.js';
import { MUTANTS } from '../../test/mutants/list/index.js';
import { problemsOf } from '../../test/mutants/mutant.js';
import { GENERATED_FILES } from '../generated-files.js';
import { checkLicenses } from '../licenses.js';
import { checkArrows } from './arrows.js';
import { checkReleased } from './contract/released.js';
import type { Check } from './runner.js';
import { checkTypeAssertions } from './type-assertions.js';
import { checkWords } from './words.js';

const require = createRequire(import.meta.url);

/** The long ones first, so that the short ones fill the gap at the end. */
export const CHECKS: readonly Check[] = [
  { name: 'types', run: checkTypes },
  { name: 'import arrows and cycles', run: checkArrows },
  { name: 'lint and format', run: checkStyle },
  { name: 'migrations fresh', run: checkMigrations },
  { name: 'contract', run: lintContract },
  { name: 'contract keeps its word', run: checkReleased },
  { name: 'generated files fresh', run: checkGeneratedFiles },
  { name: 'mutants can be planted', run: checkMutants },
  { name: 'licenses known', run: checkLicenses },
  { name: 'casts of rows', run: checkTypeAssertions },
  { name: 'words', run: checkWords },
];

/** Code that a mutant changes was edited, or its test renamed: the list in test/mutants follows. */
async function checkMutants(): Promise<string[]> {
  return (await Promise.all(MUTANTS.map((mutant) => problemsOf(ROOT, mutant)))).flat();
}

async function checkTypes(): Promise<string[]> {
  const check = (project: string, cache: string) => {
    const memory = ['--incremental', '--tsBuildInfoFile', `node_modules/.cache/${cache}.tsbuildinfo`];
    return tool('typescript', 'tsc', '--noEmit', '--pretty', 'false', '-p', project, ...memory);
  };
  return [...(await check('.', 'tsc')), ...(await check('dashboard', 'tsc-dashboard'))];
}

async function checkStyle(): Promise<string[]> {
  const lines = await tool(
    '@biomejs/biome',
    'biome',
    'check',
    '--error-on-warnings',
    '--reporter=github',
    '.',
  );
  // ::error title=<rule>,file=<path>,line=<n>,...::<message>
  const places = lines.map((line) => /^::\w+ title=(.*?),file=(.*?),line=(\d+).*?::(.*)$/.exec(line));
  const problems = places.flatMap((place) =>
    place ? [`${place[2]}:${place[3]} ${place[4]} (${place[1]}; \`npm run format\` may mend it)`] : [],
  );
  return problems.length > 0 ? problems : lines;
}

async function checkMigrations(): Promise<string[]> {
  const read = (path: string) => readFile(join(ROOT, 'prisma', path), 'utf8');
  const migrated = await read('migrations/schema.snapshot.prisma');
  const missing = await schemaDiff(migrated, await read('schema.prisma'));
  const remedy =
    '`node --import tsx prisma/author-migration.ts <name>` writes the migration that is missing:';
  return missing === null ? [] : [remedy, ...missing.trim().split('\n')];
}

async function lintContract(): Promise<string[]> {
  // Schemas say themselves which properties they take; the linter would apply that to each branch of a `oneOf` alone.
  const examples = { severity: 'error', allowAdditionalProperties: true } as const;
  const config = await createConfig({
    extends: ['recommended'],
    rules: { 'no-invalid-media-type-examples': examples },
  });
  const problems = await lint({ ref: join(ROOT, 'openapi/openapi.yaml'), config });
  return problems.map(
    ({ ruleId, message, location }) => `${location[0]?.pointer ?? ''} ${message} (${ruleId})`,
  );
}

async function checkGeneratedFiles(): Promise<string[]> {
  const problems = await Promise.all(
    GENERATED_FILES.map(async ({ path, source, render }) => {
      const present = await readFile(join(ROOT, path), 'utf8');
      return present === (await render()) ? [] : [`${path} is not what ${source} says: npm run generate`];
    }),
  );
  return problems.flat();
}

/** Runs a package's command and answers what it printed if it failed. */
async function tool(name: string, bin: string, ...args: string[]): Promise<string[]> {
  const manifest = require.resolve(`${name}/package.json`);
  const { bin: bins } = require(manifest) as { bin: Record<string, string> };
  const file = join(dirname(manifest), bins[bin] ?? bin);
  try {
    await exec(process.execPath, [file, ...args], { cwd: ROOT });
    return [];
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return error.output.trim().split('\n');
  }
}
