import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../../src/provision/exec.js';
import { ROOT } from '../../src/service/root.js';
import { blocksOf } from './blocks.js';

/** Runs the blocks of docs/to-production.md in one shell, with few images and a rule that any network meets. */
export async function bringToProduction(
  folder: string,
  reader: Readonly<Record<string, string>>,
): Promise<void> {
  for (const name of ['strata', 'node_modules']) await symlink(join(ROOT, name), join(folder, name));
  const small = { IMAGES: '256', EPOCHS: '1', AT_LEAST: '0.01' };
  const blocks = (await blocksOf('docs/to-production.md')).filter(({ language }) => language === 'sh');
  assert.equal(blocks.length, 7);
  const said = await exec(
    'bash',
    ['-e', '-u', '-o', 'pipefail', '-c', blocks.map(({ code }) => code).join('\n')],
    { cwd: folder, env: { HOME: folder, BROWSER: 'true', ...reader, ...small } },
  );
  assert.match(said, /^state +succeeded \(completed\)$/m, 'the sweep');
  assert.match(said, /^images +10000, test of mnist$/m, 'the evaluation');
  assert.match(said, /^state +applied$/m, 'the promotion');
  assert.match(said, /^\d +model_\w+ +production /m, 'the registry');
  assert.match(said, /✗ .*no evaluation on test of mnist/, 'the version that nobody measured');
  assert.match(said, /^version \d: \d 0\.\d\d, \d [01]\.\d\d, \d [01]\.\d\d$/m, 'the answer');
}
