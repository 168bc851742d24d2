// npm run study [-- --file cifar10-images.zip] [--home folder]: the accuracy study (docs/accuracy.md) as jobs of a service of its own,
// which keeps them in its home: run again, it goes on where it was. Writes bench/results/study.json and what docs/accuracy.md shows of it.
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createClient, type StrataClient } from '../../client/src/index.js';
import { streamProgress } from '../../src/provision/progress.js';
import { runCommand } from '../../src/service/command.js';
import { setUp } from '../../src/service/setup.js';
import { type RunningService, startService } from '../service.js';
import { datasetNamed } from './dataset.js';
import { type Outcome, outcomeOf, summarize } from './figures.js';
import { trained } from './jobs.js';
import { type StudyResult, storeStudy } from './page.js';
import { bodyOf, REFERENCE, ROWS, type Row, SETTING, timedBodyOf } from './rows.js';
import { type StepSeconds, stageSeconds } from './virtual-time.js';

const DATASET = 'cifar10-16x16';

await runCommand(async () => {
  const { values } = parseArgs({
    options: { file: { type: 'string' }, home: { type: 'string', default: '.strata/study' } },
  });
  await setUp(streamProgress());
  const home = resolve(values.home);
  await mkdir(home, { recursive: true });
  // A slot a core, one thread each: a device as slow as the others.
  const service = await startService({ STRATA_HOME: home, STRATA_SLOTS: '2', STRATA_THREADS: '1' });
  try {
    const result = await study(service, values.file ?? null);
    console.log(await storeStudy(result));
  } finally {
    await service.stop();
  }
});

async function study(service: RunningService, file: string | null): Promise<StudyResult> {
  const client = createClient({ url: service.url });
  const { splits } = await datasetNamed(service, DATASET, file);
  const trainCount = splits.train.count;
  const times = await measureTimes(client, trainCount);
  // All at once: the service orders them.
  const jobs = await Promise.all(
    ROWS.flatMap((row) =>
      row.seeds.map(async (seed) => {
        const ended = await trained(client, bodyOf(row, seed, DATASET));
        console.log(`… ${ended.job.name}: ${ended.job.result?.test_accuracy}`);
        return { row, seed, ended };
      }),
    ),
  );
  const outcomes = jobs.map(
    ({ row, seed, ended }): Outcome => outcomeOf(row, seed, ended, trainCount, times.get(timeKey(row))!),
  );
  return {
    at: new Date().toISOString(),
    setting: SETTING,
    stepSeconds: Object.fromEntries(times),
    rows: summarize(ROWS, outcomes),
    outcomes,
  };
}

/** One job after another: whoever is measured has the machine alone. */
async function measureTimes(client: StrataClient, trainCount: number): Promise<Map<string, StepSeconds>> {
  const times = new Map<string, StepSeconds>();
  // The whole network's step, of which every row's end-to-end phase is made, comes first.
  const joined = (await measure(client, REFERENCE, trainCount))[0]!;
  for (const row of ROWS) {
    if (times.has(timeKey(row))) continue;
    const stages = row === REFERENCE ? [joined] : await measure(client, row, trainCount);
    times.set(timeKey(row), { joined, stages });
    console.log(`… a step of ${timeKey(row)}: ${stages.map((seconds) => seconds.toFixed(4)).join(', ')} s`);
  }
  return times;
}

async function measure(client: StrataClient, row: Row, trainCount: number): Promise<number[]> {
  return stageSeconds(await trained(client, timedBodyOf(row, DATASET)), trainCount);
}

function timeKey({ method }: Row): string {
  return `${method.type}, K=${method.stages}`;
}
