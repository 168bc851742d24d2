import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tryAcquire } from '../../src/provision/lock.js';
import { ROOT } from '../../src/service/root.js';
import { temporaryFolder } from '../provision/temporary.js';
import { eventually } from '../support/eventually.js';

const GONE_MS = 30_000;

/** A folder for the home of a service, which is killed before the folder is removed. */
function homeOfService(t: TestContext): Promise<string> {
  return temporaryFolder(t, async (home) => {
    for (const { pid } of processesOf(home)) process.kill(pid, 'SIGKILL');
  });
}

/** `npm start` as a user types it. */
async function npmStart(home: string): Promise<ChildProcess> {
  const env = { ...process.env, PORT: '0', STRATA_HOME: home, STRATA_SLOTS: '1', LOG_LEVEL: 'warn' };
  const npm = spawn('npm', ['start'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [npm.stdout, npm.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk;
    });
  await eventually('the service says where it serves', () => /API +http/.test(said), 120_000);
  return npm;
}

/** Every process of a service, by the home in its environment or command line. */
function processesOf(home: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const read = (file: string) => readFileSync(`/proc/${name}/${file}`, 'utf8').replaceAll('\0', ' ');
        const command = read('cmdline');
        if (command === '' || !`${read('environ')} ${command}`.includes(home)) return [];
        return [{ pid: Number(name), command }];
      } catch {
        return [];
      }
    });
}

/** Redis writes its title over its environment: it is known by its lock. */
async function nothingRuns(home: string): Promise<boolean> {
  const lock = await tryAcquire(join(home, 'redis/server'));
  lock?.release();
  return lock !== undefined && processesOf(home).length === 0;
}

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`${signal} of npm ends all that \`npm start\` has started`, async (t) => {
    const home = await homeOfService(t);
    const npm = await npmStart(home);
    const commands = processesOf(home).map(({ command }) => command);
    for (const part of ['api/server', 'dispatcher/main', 'worker/main', 'postgres'])
      assert.ok(
        commands.some((command) => command.includes(part)),
        `${part} in ${commands.join('; ')}`,
      );
    assert.equal(await tryAcquire(join(home, 'redis/server')), undefined, 'Redis runs');
    npm.kill(signal);
    await eventually('nothing of it runs', () => nothingRuns(home), GONE_MS);
  });
}

test('SIGKILL of the supervisor ends all that it has started', async (t) => {
  const home = await homeOfService(t);
  await npmStart(home);
  const supervisor = processesOf(home).find(({ command }) =>
    command.includes('tsx src/service/commands/start'),
  );
  assert.ok(supervisor);
  process.kill(supervisor.pid, 'SIGKILL');
  await eventually('nothing of it runs', () => nothingRuns(home), GONE_MS);
});
