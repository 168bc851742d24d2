import assert from 'node:assert/strict';
import { openShell, runPage } from './shell.js';

/** Runs the blocks of docs/to-production.md in one shell, with few images and a rule that any network meets. */
export async function bringToProduction(
  folder: string,
  reader: Readonly<Record<string, string>>,
): Promise<void> {
  const small = { IMAGES: '256', EPOCHS: '1', AT_LEAST: '0.01' };
  const shell = await openShell(folder, { ...reader, ...small });
  const said = await runPage(shell, 'docs/to-production.md', 7);
  assert.match(said, /^state +succeeded \(completed\)$/m, 'the sweep');
  assert.match(said, /^images +10000, test of mnist$/m, 'the evaluation');
  assert.match(said, /^state +applied$/m, 'the promotion');
  assert.match(said, /^\d +model_\w+ +production /m, 'the registry');
  assert.match(said, /✗ .*no evaluation on test of mnist/, 'the version that nobody measured');
  assert.match(said, /^version \d: \d 0\.\d\d, \d [01]\.\d\d, \d [01]\.\d\d$/m, 'the answer');
}
