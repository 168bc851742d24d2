// npm run study:epochs [-- --file cifar10-images.zip] [--home folder]: what each method reaches after as many epochs as
// back-propagation. Only accuracies are measured, so the machine may be busy. Writes the figures from which POST /plans takes
// its classes of accuracy, row by row; run again, it goes on where it was.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createClient, type NewJob, type StrataClient } from '../../client/src/index.js';
import type { Studied } from '../../src/planning/forecast/accuracy.js';
import { streamProgress } from '../../src/provision/progress.js';
import { runCommand } from '../../src/service/commands/command.js';
import { ROOT } from '../../src/service/root.js';
import { setUp } from '../../src/service/setup.js';
import { startService } from '../service.js';
import { datasetNamed } from './dataset.js';
import type { Outcome } from './figures.js';
import { trained } from './jobs.js';
import { STUDY_FILE } from './page.js';
import { bodyOf, type Row } from './rows.js';

const DATASET = 'cifar10-16x16';
const RESULTS = 'src/planning/forecast/study-results.json';
const EPOCHS = 16;
const SEED = 1;

type Method = NonNullable<NewJob['method']> & { readonly stages: number };

const serial = (replicas: number): Method => ({
  ...{ type: 'backprop', stages: 1, end_to_end_share: 1, end_to_end_replicas: replicas },
});
const METHODS: readonly Method[] = [
  { type: 'pipeline', stages: 2 },
  { type: 'pipeline', stages: 4 },
  serial(2),
  { type: 'augmented-lagrangian', stages: 4, split: [2, 2, 2, 3] },
  { type: 'augmented-lagrangian', stages: 2, split: [4, 5], end_to_end_share: 0 },
  serial(4),
  { type: 'augmented-lagrangian', stages: 4, split: [2, 2, 2, 3], end_to_end_share: 0 },
];
/** Rows of `npm run study`: the reference, after fewer epochs too, and a method after as many. */
const STUDIED = [
  { name: 'back-propagation, 10 epochs', type: 'backprop', stages: 1, epochs: 10 },
  { name: `back-propagation, ${EPOCHS} epochs`, type: 'backprop', stages: 1, epochs: EPOCHS },
  {
    name: `augmented Lagrangian, K=2, ${EPOCHS} epochs`,
    type: 'augmented-lagrangian',
    stages: 2,
    epochs: EPOCHS,
  },
] as const;

await runCommand(async () => {
  const { values } = parseArgs({
    options: { file: { type: 'string' }, home: { type: 'string', default: '.strata/study-epochs' } },
  });
  await setUp(streamProgress());
  const home = resolve(values.home);
  await mkdir(home, { recursive: true });
  const service = await startService({ STRATA_HOME: home, STRATA_SLOTS: '2', STRATA_THREADS: '1' });
  try {
    await datasetNamed(service, DATASET, values.file ?? null);
    await study(createClient({ url: service.url }));
  } finally {
    await service.stop();
  }
});

async function study(client: StrataClient): Promise<void> {
  const rows = await studied();
  for (const method of METHODS) {
    rows.push(await reached(client, method));
    console.log(`… ${JSON.stringify(rows.at(-1))}`);
    await writeFile(join(ROOT, RESULTS), `${JSON.stringify({ rows }, null, 2)}\n`);
  }
}

async function studied(): Promise<Studied[]> {
  const { outcomes } = JSON.parse(await readFile(join(ROOT, STUDY_FILE), 'utf8')) as {
    outcomes: readonly Outcome[];
  };
  return STUDIED.map(({ name, type, stages, epochs }) => ({
    ...{ method: type, stages, joined: stages > 1, epochs },
    replicas: stages,
    accuracies: outcomes.filter(({ row }) => row === name).map(({ accuracy }) => accuracy),
  }));
}

async function reached(client: StrataClient, method: Method): Promise<Studied> {
  const row: Row = { name: JSON.stringify(method), method, epochs: EPOCHS, seeds: [SEED] };
  const { job } = await trained(client, { ...bodyOf(row, SEED, DATASET), evaluate_every: null });
  const { type, stages, end_to_end_replicas: replicas, end_to_end_share: share } = job.spec.method;
  return {
    ...{ method: type!, stages: stages!, replicas: replicas!, joined: stages! > 1 && share! > 0 },
    ...{ epochs: EPOCHS, accuracies: [job.result!.test_accuracy] },
  };
}
