import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findServer, type ServerProgram, startServer } from '../../src/provision/local-server.js';
import { acquire } from '../../src/provision/lock.js';
import { temporaryFolder } from './temporary.js';

/** A server that runs and answers only when it has been asked a few times. */
async function slowServer(t: TestContext): Promise<ServerProgram> {
  const folder = await temporaryFolder(t);
  const lock = await acquire(join(folder, 'server'));
  t.after(() => lock.release());
  const never = () => {
    throw new Error('it is neither started nor stopped');
  };
  let asked = 0;
  return {
    name: 'Slow',
    folder,
    stopSignals: ['SIGTERM'],
    url: async () => 'slow://here',
    pid: async () => undefined,
    answers: async () => ++asked > 3,
    launch: never,
    ready: never,
  };
}

test('a server that does not answer yet is waited for, neither started nor stopped', async (t) => {
  assert.equal(await findServer(await slowServer(t)), 'slow://here');
  const { url, started } = await startServer(await slowServer(t));
  assert.deepEqual([url, started], ['slow://here', false]);
});

test('a server that does not run is named', async (t) => {
  const server = { ...(await slowServer(t)), folder: await temporaryFolder(t) };
  await assert.rejects(findServer(server), /Slow does not run in .*Start the service first/);
});
