import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startRedis, stopRedis } from '../../../src/provision/redis/redis.js';
import { claimHome } from '../../../src/service/home.js';
import { ROOT } from '../../../src/service/root.js';
import { temporaryFolder } from '../../provision/temporary.js';

async function reset(home: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', 'src/service/commands/reset.ts'],
    { cwd: ROOT, env: { ...process.env, STRATA_HOME: home, DATABASE_URL: '', REDIS_URL: '', BLOB_URL: '' } },
  );
  return stdout;
}

test('a reset through a link empties the real folder, and what is linked to from there', async (t) => {
  const folder = await temporaryFolder(t);
  const [real, link, disk] = [join(folder, 'real'), join(folder, 'link'), join(folder, 'disk')];
  await mkdir(join(real, 'uploads'), { recursive: true });
  await mkdir(disk);
  await writeFile(join(real, 'secret.key'), 'secret');
  await writeFile(join(disk, 'blob'), 'weights');
  await symlink(disk, join(real, 'blobs'));
  await symlink(real, link);
  const said = await reset(link);
  assert.ok(said.includes(`Removed ${real}`) && said.includes(`Removed ${disk}`), said);
  assert.deepEqual(await readdir(real), []);
  assert.deepEqual(await readdir(folder), ['link', 'real']);
});

test('a reset refuses while a service holds the home or a server runs in it', async (t) => {
  const home = await temporaryFolder(t, stopRedis);
  await writeFile(join(home, 'secret.key'), 'secret');
  const claimed = await claimHome(home);
  await assert.rejects(
    reset(home),
    new RegExp(`It is process ${process.pid}. To stop it:  kill ${process.pid}`),
  );
  claimed?.lock.release();
  const { pid } = await startRedis(home);
  await assert.rejects(reset(home), new RegExp(`redis \\(process ${pid}\\) runs in`));
  assert.ok((await readdir(home)).includes('secret.key'));
});
