import assert from 'node:assert/strict';
import { readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../../src/provision/exec.js';
import { ROOT } from '../../src/service/root.js';
import { blocksOf } from './blocks.js';

/** A shell in a folder, with the settings of a reader. */
interface Shell {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Runs the blocks of docs/tutorial.md in one shell, in an empty folder with what the checkout has for its reader. */
export async function readTutorial(folder: string, reader: Shell['env']): Promise<Shell> {
  for (const name of ['strata', 'node_modules']) await symlink(join(ROOT, name), join(folder, name));
  const shell = { cwd: folder, env: { HOME: folder, BROWSER: 'true', ...reader } };
  const blocks = (await blocksOf('docs/tutorial.md')).filter(({ language }) => language === 'sh');
  assert.equal(blocks.length, 10);
  const said = await run(shell, blocks.map(({ code }) => code).join('\n'));
  assert.match(said, /classes +circle, cross, square/, 'the dataset');
  assert.match(said, /^STAGES +SPEED-UP/m, 'the plan');
  assert.match(said, /the job succeeded/, 'the job was followed');
  assert.match(said, /\/ui\/jobs\/job_\w+$/m, 'its page');
  // Every way to ask names the classes; which one is first depends on the training.
  assert.match(said, /^ +[\d.]+ % {2}(circle|cross|square)$/m, 'the command line');
  assert.match(said, /^(circle|cross|square) [\d.]+$/m, 'Python');
  assert.match(said, /"object":"prediction".*"name":"cross"/, 'curl');
  assert.match(said, /^([01]\.\d{3} ?){3}$/m, 'the exported network');
  assert.deepEqual((await readdir(join(folder, 'model'))).sort(), ['full', 'report.json']);
  return shell;
}

/** Cleans up as the page says, so that the next reader finds the names free. */
export async function tidyUp(shell: Shell): Promise<void> {
  const page = await readFile(join(ROOT, 'docs/tutorial.md'), 'utf8');
  const [last = ''] = /^- To clean up: .*$/m.exec(page) ?? [];
  const commands = [...last.matchAll(/`([^`]+)`/g)].map(([, command = '']) => command);
  assert.equal(commands.length, 3);
  await run(shell, commands.join('\n'));
}

function run({ cwd, env }: Shell, script: string): Promise<string> {
  return exec('bash', ['-e', '-u', '-o', 'pipefail', '-c', script], { cwd, env: { ...env } });
}
