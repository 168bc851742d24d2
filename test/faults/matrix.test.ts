import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { describeRun, type Played, play } from './chaos/play.js';
import { allCells, runsOf, seedOf } from './chaos/schedule.js';
import { Theatre } from './chaos/theatre.js';

/** All of it with FAULTS=all, as `npm run test:faults` sets; else the first runs of the schedule. */
const SAMPLE = 2;
const seed = seedOf(process.env);
const runs = runsOf(seed);
const chosen = process.env.FAULTS === 'all' ? runs : runs.slice(0, SAMPLE);

let theatre: Theatre;
let undisturbed: Played;
before(async () => {
  console.log(`SEED=${seed}`);
  theatre = await Theatre.open();
  undisturbed = await play(theatre, []);
  assert.equal(undisturbed.job.state, 'succeeded', JSON.stringify(undisturbed.job.error));
  assert.ok(undisturbed.models.length > 0);
});
after(() => theatre?.close());

test('a schedule holds every cell once and follows from its seed alone', () => {
  const name = (cell: object) => JSON.stringify(cell);
  assert.deepEqual(runs.flat().map(name).sort(), allCells().map(name).sort());
  assert.deepEqual(runsOf(seed), runs);
  assert.notDeepEqual(runsOf(seed + 1), runs);
});

for (const run of chosen) {
  test(`bitwise the same model after: ${describeRun(run)}`, async (t) => {
    if (!theatre.fillable) t.diagnostic('no file system can be mounted here: disk full is left out');
    const played = await play(theatre, run);
    const { job, models, curves, retried, ms } = played;
    t.diagnostic(`${(ms / 1000).toFixed(1)} s; ${retried.length} tried again: ${retried.join('; ')}`);
    assert.equal(job.state, 'succeeded', JSON.stringify(job.error));
    assert.deepEqual(models, undisturbed.models);
    assert.deepEqual(curves, undisturbed.curves);
    assert.deepEqual(job.result?.figures, undisturbed.job.result?.figures);
  });
}
