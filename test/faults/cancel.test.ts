import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { smallJob } from '../jobs/support/specs.js';
import { eventually } from '../support/eventually.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';

/** The promised time from the recorded request to the end of the trainer. */
const CANCEL_MS = 2_000;
const TURNS = 5;

let strata: Strata;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
  await Promise.all([strata.startDispatcher(), strata.startWorker()]);
});
after(() => strata.stop());

for (const force of [true, false]) {
  for (const nudged of [true, false]) {
    const how = `${force ? 'kills' : 'stops'} a running trainer within 2 s${nudged ? '' : ', its nudge lost'}`;
    test(`a cancel ${how}`, async (t) => {
      const seconds: number[] = [];
      for (let turn = 0; turn < TURNS; turn++) seconds.push(await cancelledAfter(force, nudged));
      seconds.sort((a, b) => a - b);
      t.diagnostic(`cancelled after ${seconds.map((value) => value.toFixed(2)).join(', ')} s`);
      assert.ok((seconds.at(-1) ?? 0) * 1000 <= CANCEL_MS, 'later than promised');
    });
  }
}

/** Seconds, by the database's clock: the event follows when every trainer has been seen gone. */
async function cancelledAfter(force: boolean, nudged: boolean): Promise<number> {
  await strata.orders.clear();
  await strata.orders.hold('stage-0-1');
  const { id } = (await strata.client.jobs.createJob(smallJob(), {})).job;
  await strata.orders.started('stage-0-1');
  if (!nudged) await deafen();
  const { cancel_requested_at: asked } = await strata.client.jobs.cancelJob(id, { force });
  const { at } = await strata.event(id, 'job.cancelled');
  assert.ok(asked);
  return (Date.parse(at) - Date.parse(asked)) / 1000;
}

/** Ends the connection over which the worker hears of wishes; it opens another a second later. */
function deafen(): Promise<unknown> {
  return eventually('the worker listens', async () => {
    const { rowCount } = await strata.sql.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'strata-listen'`,
    );
    return rowCount === 1;
  });
}
