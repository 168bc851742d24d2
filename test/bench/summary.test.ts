import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Measurement, median, summarize } from '../../bench/benchmark.js';
import { Contender } from '../../bench/contender.js';

const measurement = (contender: string, milliseconds: number[]): Measurement => ({
  contender,
  version: '1',
  milliseconds,
  firstLoss: 1.23456,
  memory: { baseMb: 100.4, peakMb: 250.6 },
});

test('medians are of the middle, and peers are compared with the first contender', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 2, 9]), 3);
  assert.throws(() => median([]), RangeError);
  const [ours, peer] = summarize([measurement('ours', [10, 20, 90]), measurement('peer', [30, 30, 31])]);
  assert.deepEqual([ours?.medianMs, ours?.fastestMs, ours?.slowestMs, ours?.timesOurs], [20, 10, 90, 1]);
  assert.deepEqual(peer?.memory, { baseMb: 100, peakMb: 251 });
  assert.deepEqual([peer?.medianMs, peer?.timesOurs, peer?.firstLoss], [30, 1.5, 1.235]);
});

test('a contender steps when asked, its noise is skipped, and its end is an error that names it', async () => {
  const script = `
    console.log('a library says hello');
    console.log(JSON.stringify({ version: process.env.OMP_NUM_THREADS + ' threads', base_mb: 7 }));
    let steps = 0;
    process.stdin.on('data', () => {
      if (++steps === 2) process.exit(3);
      console.log(JSON.stringify({ ms: 1.5, loss: 2, peak_mb: 9 }));
    });`;
  const started = await Contender.start('toy', [process.execPath, '-e', script], process.env, 2);
  assert.deepEqual([started.version, started.base_mb], ['2 threads', 7]);
  assert.deepEqual(await started.contender.step(), { ms: 1.5, loss: 2, peak_mb: 9 });
  await assert.rejects(started.contender.step(), /toy ended \(3\)/);
  await started.contender.stop();
});
