import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ROOT } from '../../src/service/root.js';
import { temporaryFolder } from '../provision/temporary.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';
import { blocksOf } from './blocks.js';

describe('the blocks of README.md and docs/cli.md with the command run as pasted', () => {
  let strata: Strata;
  let url: string;
  before(async () => {
    strata = await Strata.start({ trainer: FAKE_TRAINER });
    const [api] = await Promise.all([strata.startApi(), strata.startDispatcher(), strata.startWorker()]);
    url = api.url ?? '';
  });
  after(() => strata.stop());

  test('each runs in an empty folder', async (t) => {
    const folder = await temporaryFolder(t);
    // As in the checkout, but nothing that a command writes lands there.
    await symlink(join(ROOT, 'strata'), join(folder, 'strata'));
    const pages = await Promise.all(['README.md', 'docs/cli.md'].map(blocksOf));
    const blocks = pages
      .flat()
      .filter(({ language, code }) => language === 'sh' && code.includes('./strata'));
    assert.equal(blocks.length, 5);
    for (const { code, name } of blocks) {
      // test/service/commands/api-key.test.ts makes keys; test/cli logs in with one.
      if (code.startsWith('npm run')) continue;
      // Each block is for a reader who has not run the others.
      await rm(join(folder, 'model'), { recursive: true, force: true });
      const { PATH = '', HOME = '' } = process.env;
      const env = { PATH, HOME, STRATA_URL: url, XDG_CONFIG_HOME: join(folder, '.config') };
      const shell = spawn('bash', ['-e', '-u', '-o', 'pipefail', '-c', code], { cwd: folder, env });
      let said = '';
      for (const stream of [shell.stdout, shell.stderr])
        stream.on('data', (piece: Buffer) => {
          said += piece;
        });
      const [exit] = (await once(shell, 'close')) as [number | null];
      assert.equal(exit, 0, `${name}: ${said}`);
      if (code.includes('download @last')) assert.ok((await readdir(folder)).includes('model'), name);
    }
    assert.deepEqual((await readdir(folder)).sort(), ['.config', 'network', 'strata']);
    assert.deepEqual(await readdir(join(folder, 'network')), ['full']);
  });
});
