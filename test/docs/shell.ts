import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../../src/provision/exec.js';
import { ROOT } from '../../src/service/root.js';
import { blocksOf } from './blocks.js';

/** A shell in a folder, with the settings of a reader. */
export interface Shell {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** An empty folder with what the checkout has for its reader. */
export async function openShell(
  folder: string,
  reader: Shell['env'],
  names: readonly string[] = ['strata', 'node_modules'],
): Promise<Shell> {
  for (const name of names) await symlink(join(ROOT, name), join(folder, name));
  return { cwd: folder, env: { HOME: folder, BROWSER: 'true', ...reader } };
}

/** Runs the shell blocks of a page one after another in one shell. @returns their output */
export async function runPage(shell: Shell, page: string, count: number): Promise<string> {
  const blocks = (await blocksOf(page)).filter(({ language }) => language === 'sh');
  assert.equal(blocks.length, count);
  return runScript(shell, blocks.map(({ code }) => code).join('\n'));
}

export function runScript({ cwd, env }: Shell, script: string): Promise<string> {
  return exec('bash', ['-e', '-u', '-o', 'pipefail', '-c', script], { cwd, env: { ...env } });
}
