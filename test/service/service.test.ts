import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { openSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { parseSettings } from '../../src/contract/settings.js';
import { works } from '../../src/provision/exec.js';
import { stopPostgres } from '../../src/provision/postgres/postgres.js';
import { processGone } from '../../src/provision/processes.js';
import { silent } from '../../src/provision/progress.js';
import { stopRedis } from '../../src/provision/redis/redis.js';
import { ROOT } from '../../src/service/root.js';
import { type Service, startService } from '../../src/service/service.js';
import { temporaryFolder } from '../provision/temporary.js';
import { eventually } from '../support/eventually.js';

/** Namespaces that two containers on one volume do not share: of networks and of process ids. */
const CONTAINER = ['--net', '--pid', '--fork', '--mount-proc'];
const noContainers = (await works('unshare', ...CONTAINER, 'true'))
  ? false
  : 'unshare(1) may not make namespaces here';

/** A service in a home of its own, which is stopped before its home is removed. */
async function started(t: TestContext): Promise<{ service: Service; home: string }> {
  let service: Service | undefined;
  const home = await temporaryFolder(t, async () => service?.stop());
  service = await startService(options(home));
  return { service, home };
}

function options(home: string, env: Record<string, string> = {}) {
  const settings = parseSettings({ PORT: '0', STRATA_HOME: home, STRATA_SLOTS: '1', ...env });
  return { settings, progress: silent, output: openSync(join(home, 'log'), 'a') };
}

async function isReady(apiUrl: string): Promise<boolean> {
  return (await fetch(`${apiUrl}/health/ready`)).ok;
}

test('the whole service starts, heals, and stops without leaving a process', async (t) => {
  const { service, home } = await started(t);
  assert.ok(await isReady(service.apiUrl));
  await assert.rejects(
    startService(options(home)),
    new RegExp(
      `Strata already runs on ${home}. It is process ${process.pid} at ${service.apiUrl}. To stop it:  STRATA_HOME=${home} npm stop`,
    ),
  );

  const { port } = await service.children.api.restart('SIGKILL');
  assert.equal(port, Number(new URL(service.apiUrl).port), 'a restarted API is where it was');
  assert.ok(await isReady(service.apiUrl));

  const pids = Object.entries(service.pids());
  assert.deepEqual(pids.map(([name]) => name).sort(), ['api', 'dispatcher', 'postgres', 'redis', 'worker']);
  await service.stop();
  for (const [name, pid] of pids) assert.ok(await processGone(pid!, 0), `${name} still runs`);
});

test('Redis and Postgres that are killed are started again, where their clients know them', async (t) => {
  const { service } = await started(t);
  for (const server of Object.values(service.servers)) {
    const before = server.pid;
    await server.restart('SIGKILL');
    assert.notEqual(server.pid, before);
    await eventually('the API reaches them again', () => isReady(service.apiUrl));
  }
});

test('the service stops within 30 s although its servers are frozen', async (t) => {
  const { service } = await started(t);
  for (const server of Object.values(service.servers)) server.kill('SIGSTOP');
  const late = delay(30_000, 'late' as const, { ref: false });
  assert.notEqual(await Promise.race([service.stop(), late]), 'late');
  for (const [name, pid] of Object.entries(service.pids()))
    assert.ok(await processGone(pid!, 0), `${name} still runs`);
});

test('a home has one service, whatever link or network a second one reaches it through', async (t) => {
  const { service, home } = await started(t);
  await t.test('another container is refused', { skip: noContainers }, async () => {
    const command = [process.execPath, '--import', 'tsx', 'src/service/commands/start.ts'];
    const env = { ...process.env, STRATA_HOME: home, PORT: '0' };
    const second = promisify(execFile)('unshare', [...CONTAINER, ...command], { cwd: ROOT, env });
    await assert.rejects(second, /Strata already runs on .*It runs in another container, on .*Stop it there/);
  });
  const link = join(await temporaryFolder(t), 'link');
  await symlink(home, link);
  await assert.rejects(startService(options(link)), /Strata already runs on/);
  const reset = promisify(execFile)(process.execPath, ['--import', 'tsx', 'src/service/commands/reset.ts'], {
    cwd: ROOT,
    env: { ...process.env, STRATA_HOME: link },
  });
  await assert.rejects(reset, /Strata runs on .*To stop it: {2}STRATA_HOME=.* npm stop/);
  assert.ok(await isReady(service.apiUrl), 'neither has stopped its servers');
});

test('an interrupted start stops all processes that it had started', async (t) => {
  const home = await temporaryFolder(t);
  const abort = new AbortController();
  const progress = {
    ...silent,
    step: async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      if (name.startsWith('migrating')) abort.abort(new Error('enough'));
      return work();
    },
  };
  await assert.rejects(startService({ ...options(home), progress, signal: abort.signal }), /enough/);
  assert.deepEqual([await stopRedis(home), await stopPostgres(home)], [false, false]);
});

test('a port in use is named before anything is started', async (t) => {
  const home = await temporaryFolder(t);
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  t.after(() => other.close());
  const address = other.address();
  const port = String(typeof address === 'object' ? address?.port : 0);
  await assert.rejects(startService(options(home, { PORT: port })), new RegExp(`PORT: .*127.0.0.1:${port}`));
});
