import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createClient } from '../../client/src/index.js';
import { smallJob } from '../jobs/support/specs.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';

const SERVER = fileURLToPath(new URL('../../src/api/server.ts', import.meta.url));

let strata: Strata;
let server: { child: ChildProcess; url: string; port: number };
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER });
  server = await startServer(0);
});
after(async () => {
  await killServer();
  await strata.stop();
});

async function startServer(port: number): Promise<typeof server> {
  const { databaseUrl, redisUrl, home } = strata.servers;
  const settings = { PORT: String(port), DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, STRATA_HOME: home };
  const child = fork(SERVER, [], {
    env: { ...process.env, ...settings, LOG_LEVEL: 'silent' },
    execArgv: ['--import', 'tsx'],
  });
  const [ready] = (await once(child, 'message')) as [{ url: string; port: number }];
  return { child, url: ready.url, port: ready.port };
}

async function killServer(): Promise<void> {
  const gone = once(server.child, 'exit');
  server.child.kill('SIGKILL');
  await gone;
}

test('a follower misses nothing and sees nothing twice while the API is killed and started again', async () => {
  const client = createClient({ url: server.url });
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  const events = client.jobs.follow(job.id);
  const seen = [(await events.next()).value];
  await killServer();
  // Written while no API runs.
  await strata.client.jobs.cancelJob(job.id, { force: false });
  server = await startServer(server.port);
  for await (const event of events) seen.push(event);
  assert.deepEqual(
    seen.map((event) => [event?.seq, event?.type]),
    [
      [1, 'job.queued'],
      [2, 'job.cancelled'],
    ],
  );
});
