import { join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { ROOT } from '../../src/service/root.js';

export const RULES_FILE = join(ROOT, '.dependency-cruiser.mjs');
export const CODE_FOLDERS = [
  'src',
  'client',
  'dashboard',
  'cli',
  'test',
  'bench',
  'scripts',
  'prisma',
  'prisma.config.ts',
];

/** An import that a rule forbids. */
export interface Breach {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}

/** Follows every import of `folders` under `root` and answers those that .dependency-cruiser.mjs forbids. */
export async function findBreaches(root = ROOT, folders: string[] = CODE_FOLDERS): Promise<Breach[]> {
  const options = await extractOptions(RULES_FILE);
  const tsConfig = extractTsConfig(join(ROOT, 'tsconfig.json'));
  const { output } = await cruise(folders, { ...options, baseDir: root }, undefined, { tsConfig });
  const { violations } = (output as ICruiseResult).summary;
  return violations.map(({ rule, from, to, cycle }) => ({
    rule: rule.name,
    from,
    to: cycle ? cycle.map(({ name }) => name).join(' → ') : to,
  }));
}

/** One line for each forbidden import. */
export async function checkArrows(): Promise<string[]> {
  return (await findBreaches()).map(({ rule, from, to }) => `${from} → ${to} breaks ${rule}`);
}
