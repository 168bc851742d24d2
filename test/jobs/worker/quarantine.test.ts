import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { DEFAULT_TENANT } from '../../../src/contract/access.js';
import { Quarantine } from '../../../src/jobs/worker/slots/quarantine.js';
import { Slot } from '../../../src/jobs/worker/slots/slot.js';
import { temporaryFolder } from '../../provision/temporary.js';
import { eventually } from '../../support/eventually.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

test('a slot is suspected after three jobs in a row, longer each time, until a trainer reports', () => {
  let now = 0;
  const quarantine = new Quarantine(() => now);
  // One job that kills its trainer every time is at fault itself.
  for (let attempt = 0; attempt < 5; attempt++) assert.equal(quarantine.ended('a'), 0);
  assert.equal(quarantine.ended('b'), 0);
  assert.equal(quarantine.ended('c'), 60_000);
  assert.equal(quarantine.leftMs, 60_000);
  now = 60_000;
  assert.equal(quarantine.leftMs, 0);
  const pauses = Array.from({ length: 5 }, () => quarantine.ended('c') / 60_000);
  assert.deepEqual(pauses, [2, 4, 8, 16, 16]);
  quarantine.reported();
  assert.deepEqual(
    ['a', 'b', 'c'].map((job) => quarantine.ended(job)),
    [0, 0, 60_000],
  );
});

test('a slot says when it takes tasks again', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const slot = new Slot({ device: 'cpu:0', gpu: null, bfloat16: false }, () => assert.fail('no task'), 1);
  const trusted = t.mock.fn();
  const pauses = ['a', 'b', 'c'].map((job) => slot.noteEnd(job, trusted));
  assert.deepEqual([pauses, slot.free, slot.report.state], [[0, 0, 60_000], false, 'quarantined']);
  t.mock.timers.tick(59_999);
  assert.equal(trusted.mock.callCount(), 0);
  t.mock.timers.tick(1);
  assert.equal(trusted.mock.callCount(), 1);
});

/** A trainer that dies at once while `broken` exists. */
async function fragileTrainer(t: TestContext): Promise<{ trainer: string; broken: string }> {
  const folder = await temporaryFolder(t);
  const [trainer, broken] = [join(folder, 'trainer.mjs'), join(folder, 'broken')];
  const sound = JSON.stringify(pathToFileURL(FAKE_TRAINER).href);
  await writeFile(broken, '');
  await writeFile(
    trainer,
    `import { existsSync } from 'node:fs';
    if (existsSync(${JSON.stringify(broken)})) process.exit(1);
    await import(${sound});`,
  );
  return { trainer, broken };
}

test('a suspected slot takes no task, the service says so, and another worker takes them all', async (t) => {
  const { trainer, broken } = await fragileTrainer(t);
  const strata = await Strata.start({ trainer, slots: 1 });
  t.after(() => strata.stop());
  await Promise.all([strata.startDispatcher(), strata.startWorker()]);
  const jobs = ['a', 'b', 'c'].map(async (name) => strata.client.jobs.createJob(smallJob({ name }), {}));
  const ids = (await Promise.all(jobs)).map(({ job }) => job.id);
  const slotOf = async () => (await strata.service.listWorkers(DEFAULT_TENANT)).data[0]?.slots[0];
  await eventually('the slot is in quarantine', async () => (await slotOf())?.state === 'quarantined');
  const slot = await slotOf();
  assert.ok(slot && slot.quarantine_s > 0 && slot.quarantine_s <= 60 && slot.task_id === null);
  assert.match((await strata.service.getReadiness()).problems.join(' '), /Slots in quarantine: 1\./);
  assert.match(await strata.service.getMetrics(), /strata_slots{state="quarantined"} 1\n/);
  await rm(broken);
  await strata.startWorker();
  for (const id of ids) assert.equal((await strata.ended(id)).state, 'succeeded');
  assert.equal((await slotOf())?.state, 'quarantined');
});
