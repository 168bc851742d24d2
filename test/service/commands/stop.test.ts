import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { processGone } from '../../../src/provision/processes.js';
import { claimHome } from '../../../src/service/home.js';
import { ROOT } from '../../../src/service/root.js';
import { temporaryFolder } from '../../provision/temporary.js';

interface Ended {
  readonly code: number;
  readonly text: string;
}

/** An npm script as a user types it, but without npm. */
async function script(home: string, ...args: string[]): Promise<Ended> {
  const env = { ...process.env, PORT: '0', STRATA_HOME: home, STRATA_SLOTS: '1', LOG_LEVEL: 'warn' };
  try {
    const { stdout, stderr } = await promisify(execFile)('node', ['scripts/bootstrap.mjs', ...args], {
      ...{ cwd: ROOT, env },
    });
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: stdout + stderr };
  }
}

test('a detached service outlives its starter, is named by status and by a second start, and ends by npm stop', async (t) => {
  const home = await temporaryFolder(t, (folder) => script(folder, 'stop'));
  assert.deepEqual([(await script(home, 'status')).code, (await script(home, 'stop')).code], [1, 0]);

  const started = await script(home, 'start', '--detach');
  assert.equal(started.code, 0, started.text);
  const [url] = /http:\/\/[\d.:]+\d/.exec(started.text) ?? [''];
  assert.equal((await fetch(`${url}/health/live`)).status, 200);

  const status = await script(home, 'status');
  const [, pid] = /process +(\d+)/.exec(status.text) ?? [];
  assert.ok(status.text.includes(url), status.text);
  assert.match(status.text, /Postgres up, Redis up/);

  for (const args of [['start'], ['start', '--detach']]) {
    const second = await script(home, ...args);
    assert.equal(second.code, 1);
    assert.ok(
      second.text.includes(`It is process ${pid} at ${url}. To stop it:  STRATA_HOME=${home} npm stop`),
      second.text,
    );
  }
  assert.match(await readFile(join(home, 'logs/service.log'), 'utf8'), /Strata is running/);

  const stopped = await script(home, 'stop');
  assert.deepEqual([stopped.code, /Stopped\./.test(stopped.text)], [0, true], stopped.text);
  assert.ok(await processGone(Number(pid), 0), 'the service has ended');
  await assert.rejects(fetch(url), 'nobody serves');
});

test('npm stop ends nothing but services', async (t) => {
  const home = await temporaryFolder(t);
  const claimed = await claimHome(home);
  assert.ok(claimed);
  const { code, text } = await script(home, 'stop');
  claimed.lock.release();
  assert.equal(code, 1);
  assert.match(text, new RegExp(`in use, but not by a service.*kill ${process.pid}`));
});
