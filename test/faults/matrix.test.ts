import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Figures } from './chaos/figures.js';
import { describeRun, type Played, play } from './chaos/play.js';
import { allCells, runsOf, seedOf } from './chaos/schedule.js';
import { Theatre } from './chaos/theatre.js';

const seed = seedOf(process.env);
const runs = runsOf(seed);
const chosen = runs.slice(...piece(process.env.FAULTS));

/** `all`, as `npm run test:faults` sets; `3-5`, a piece of it; else the first runs of the schedule. */
function piece(wanted = '0-2'): [number, number] {
  const [from, to] = wanted.split('-').map(Number);
  return wanted === 'all' ? [0, runs.length] : [from ?? 0, to ?? 0];
}

let theatre: Theatre;
let undisturbed: Played;
const figures = new Figures();
before(async () => {
  console.log(`SEED=${seed}`);
  theatre = await Theatre.open();
  undisturbed = await play(theatre, []);
  assert.equal(undisturbed.job.state, 'succeeded', JSON.stringify(undisturbed.job.error));
  assert.ok(undisturbed.models.length > 0);
});
after(async () => {
  console.log(figures.table());
  await theatre?.close();
});

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
    await figures.add(theatre, job.id, played.harms);
  });
}
