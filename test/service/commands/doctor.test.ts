import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT } from '../../../src/service/root.js';
import { temporaryFolder } from '../../provision/temporary.js';

const TFJS = '@tensorflow/tfjs-node-gpu';

/** A checkout after `npm ci`: packages are there, and nothing of them is set up. */
async function freshClone(t: TestContext): Promise<string> {
  const clone = await temporaryFolder(t);
  for (const name of ['src', 'scripts', 'package.json', 'package-lock.json', 'tsconfig.json']) {
    await cp(join(ROOT, name), join(clone, name), { recursive: true });
  }
  const modules = join(clone, 'node_modules');
  await mkdir(join(modules, '@tensorflow'), { recursive: true });
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (name !== '@tensorflow') await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
  await cp(join(ROOT, 'node_modules', TFJS), join(modules, TFJS), { recursive: true });
  await rm(join(modules, TFJS, 'lib'), { recursive: true, force: true });
  await rm(join(modules, TFJS, 'deps'), { recursive: true, force: true });
  return clone;
}

test('doctor on a fresh checkout shows the missing parts and the command that installs them, each on its own line', async (t) => {
  const clone = await freshClone(t);
  const env = { ...process.env, STRATA_HOME: join(clone, 'home'), DATABASE_URL: '', REDIS_URL: '' };
  const args = ['--import', 'tsx', 'src/service/commands/doctor.ts'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: clone, env }).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  assert.match(stdout, /^TensorFlow +✗ not set up in this checkout$/m);
  assert.match(stdout, /^Postgres +Postgres \d+\.\d+ at .*, not running$/m);
  assert.match(stderr, /'npm run setup' installs missing parts/);
  assert.doesNotMatch(stdout + stderr, /^\s+at |node:internal|npm rebuild|github\.com|node-pre-gyp/m);
});

test('doctor names the setting of a given server that is not there', async (t) => {
  const home = await temporaryFolder(t);
  const env = { ...process.env, STRATA_HOME: home, DATABASE_URL: 'postgresql://u:p@127.0.0.1:1/x' };
  const args = ['--import', 'tsx', 'src/service/commands/doctor.ts'];
  const answer = await promisify(execFile)(process.execPath, args, {
    cwd: ROOT,
    env: { ...env, REDIS_URL: 'redis://127.0.0.1:1' },
  }).catch((error: { stdout: string }) => error);
  assert.match(answer.stdout, /^Postgres +✗ DATABASE_URL: nothing listens at 127\.0\.0\.1:1\./m);
  assert.match(answer.stdout, /^Redis +✗ REDIS_URL: nothing listens at 127\.0\.0\.1:1\./m);
});
