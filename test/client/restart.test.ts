import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createClient } from '../../client/src/index.js';
import { smallJob } from '../jobs/support/specs.js';
import type { ServiceProcess } from '../support/process.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';

let strata: Strata;
let server: ServiceProcess;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER });
  server = await strata.startApi();
});
after(async () => {
  await strata.stop();
});

test('a follower misses nothing and sees nothing twice while the API is killed and started again', async () => {
  const url = server.url ?? assert.fail('the API listens');
  const client = createClient({ url });
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  const events = client.jobs.follow(job.id);
  const seen = [(await events.next()).value];
  await server.kill();
  // Written while no API runs.
  await strata.client.jobs.cancelJob(job.id, { force: false });
  server = await strata.startApi({ PORT: new URL(url).port });
  for await (const event of events) seen.push(event);
  assert.deepEqual(
    seen.map((event) => [event?.seq, event?.type]),
    [
      [1, 'job.queued'],
      [2, 'job.cancelled'],
    ],
  );
});
