import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const FIXTURE = fileURLToPath(new URL('slow-start-fixture.ts', import.meta.url));

test('a process that is told to stop while it starts, stops once it has started', async (t) => {
  const child = fork(FIXTURE, { execArgv: ['--import', 'tsx'] });
  t.after(() => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  assert.deepEqual((await once(child, 'message'))[0], 'starting');
  child.kill('SIGTERM');
  assert.deepEqual((await once(child, 'message'))[0], 'stopped', 'it is never ready');
  assert.deepEqual(await exited, [0, null]);
});
