import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { processGone } from '../../src/provision/processes.js';
import { countDeath, restartDelayMs } from '../../src/service/backoff.js';
import { SupervisedChild } from '../../src/service/supervisor.js';

const QUICK = { firstMs: 1, maxMs: 10, healthyMs: 60_000 };

function supervised(t: TestContext, fixture?: string): { child: SupervisedChild; lines: string[] } {
  const lines: string[] = [];
  const child = new SupervisedChild(
    {
      name: 'fixture',
      file: 'test/service/child-fixture.ts',
      env: { ...process.env, FIXTURE: fixture },
      output: 'inherit',
      log: (line) => lines.push(line),
    },
    QUICK,
  );
  t.after(() => child.stop());
  return { child, lines };
}

test('a child is started, and stopped for good', async (t) => {
  const { child, lines } = supervised(t);
  const { port } = await child.start();
  assert.equal(port, child.pid);
  await child.stop();
  assert.ok(await processGone(port!, 0));
  assert.deepEqual(lines, []);
});

test('a child that is killed is started again', async (t) => {
  const { child, lines } = supervised(t);
  const first = await child.start();
  const next = child.nextReady();
  child.kill('SIGKILL');
  assert.notEqual((await next).port, first.port);
  assert.match(lines[0]!, /fixture ended \(SIGKILL\); starting it again in 0.001 s/);
});

test('a restart waits for the successor', async (t) => {
  const { child } = supervised(t);
  const first = await child.start();
  const second = await child.restart();
  assert.notEqual(second.port, first.port);
  assert.equal(second.port, child.pid);
});

test('a child that dies before it is ready fails the start with its exit code', async (t) => {
  const { child } = supervised(t, 'dies');
  await assert.rejects(child.start(), /fixture ended before it was ready \(exit code 3\)/);
});

test('a child that ignores SIGTERM is killed', async (t) => {
  const { child, lines } = supervised(t, 'stubborn');
  const { port } = await child.start();
  await child.stop(50);
  assert.ok(await processGone(port!, 0));
  assert.match(lines[0]!, /does not stop; sending it SIGKILL/);
});

test('a child does not outlive a supervisor that is killed', async () => {
  const url = new URL('../../src/service/supervisor.ts', import.meta.url).href;
  const script = `import('${url}').then(async ({ SupervisedChild }) => {
    const child = new SupervisedChild({ name: 'fixture', file: 'test/service/child-fixture.ts', env: process.env,
      output: 'inherit', log() {} });
    console.log((await child.start()).port);
  })`;
  const supervisor = spawn(process.execPath, ['--import', 'tsx', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(supervisor.stdout, 'data')) as [Buffer];
  supervisor.kill('SIGKILL');
  assert.ok(await processGone(Number(line.toString()), 5000));
});

test('the pause before a restart doubles up to a limit, and a healthy run resets it', () => {
  const backoff = { firstMs: 250, maxMs: 30_000, healthyMs: 60_000 };
  assert.deepEqual(
    [1, 2, 3, 20].map((deaths) => restartDelayMs(deaths, backoff)),
    [250, 500, 1000, 30_000],
  );
  assert.equal(countDeath(5, 10, backoff), 6);
  assert.equal(countDeath(5, 60_000, backoff), 1);
});
