import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../src/service/root.js';
import { openShell, runPage, runScript, type Shell } from './shell.js';

/** Runs the blocks of docs/tutorial.md in one shell, in an empty folder with what the checkout has for its reader. */
export async function readTutorial(folder: string, reader: Shell['env']): Promise<Shell> {
  const shell = await openShell(folder, reader);
  const said = await runPage(shell, 'docs/tutorial.md', 10);
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
  await runScript(shell, commands.join('\n'));
}
