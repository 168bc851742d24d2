// npm run study:epochs [-- --file cifar10-images.zip] [--home folder]: what each method reaches after as many epochs as
// back-propagation. Only accuracies are measured, so the machine may be busy. Writes the figures from which POST /plans takes
// its classes of accuracy, row by row; run again, it goes on where it was.
import { mkdir, writeFile } from 'node:fs/promises';
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
import { trained } from './jobs.js';

const DATASET = 'cifar10-16x16';
const RESULTS = 'src/planning/forecast/study-results.json';
const EPOCHS = 16;
const ROUND_STEPS = 50;
/** Another network than that of `npm run study`, whose setting was this one before. */
const SETTING = {
  model: { family: 'resnet', depth: 20, width: 16 },
  max_train_samples: 20_000,
  batch_size: 100,
  optimizer: { learning_rate: 0.1, nesterov: true, weight_decay: 5e-4 },
} as const;

type Method = NonNullable<NewJob['method']> & { readonly stages: number };

const serial = (replicas: number): Method => ({
  ...{ type: 'backprop', stages: 1, end_to_end_share: 1, end_to_end_replicas: replicas },
});
const augmented = (stages: number, split: number[]) =>
  ({ type: 'augmented-lagrangian', stages, split }) as const;
/** The reference first: after fewer epochs too, so that plans know what an epoch is worth. */
const RUNS: readonly {
  readonly method: Method;
  readonly epochs: number;
  readonly seeds: readonly number[];
}[] = [
  { method: { type: 'backprop', stages: 1 }, epochs: 10, seeds: [1, 2] },
  { method: { type: 'backprop', stages: 1 }, epochs: EPOCHS, seeds: [1, 2] },
  { method: augmented(2, [4, 5]), epochs: EPOCHS, seeds: [1, 2] },
  ...[
    { type: 'pipeline', stages: 2 } as const,
    { type: 'pipeline', stages: 4 } as const,
    serial(2),
    augmented(4, [2, 2, 2, 3]),
    { ...augmented(2, [4, 5]), end_to_end_share: 0 },
    serial(4),
    { ...augmented(4, [2, 2, 2, 3]), end_to_end_share: 0 },
  ].map((method) => ({ method, epochs: EPOCHS, seeds: [1] })),
];

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
  const rows: Studied[] = [];
  for (const run of RUNS) {
    rows.push(await reached(client, run));
    console.log(`… ${JSON.stringify(rows.at(-1))}`);
    await writeFile(join(ROOT, RESULTS), `${JSON.stringify({ rows }, null, 2)}\n`);
  }
}

async function reached(
  client: StrataClient,
  { method, epochs, seeds }: (typeof RUNS)[number],
): Promise<Studied> {
  const name = `${JSON.stringify(method)}, ${epochs} epochs`;
  const jobs = await Promise.all(
    seeds.map(async (seed) => {
      const metadata = { study: 'equal epochs', row: name, seed: String(seed) };
      const body = {
        ...SETTING,
        dataset: DATASET,
        name,
        metadata,
        epochs,
        seed,
        exports: [],
        evaluate_every: null,
      };
      return (await trained(client, { ...body, method: { ...method, round_steps: ROUND_STEPS } })).job;
    }),
  );
  const { type, stages, end_to_end_replicas: replicas, end_to_end_share: share } = jobs[0]!.spec.method;
  return {
    ...{ method: type!, stages: stages!, joined: stages! > 1 && share! > 0, outer: false, epochs },
    replicas: replicas!,
    accuracies: jobs.map(({ result }) => result!.test_accuracy),
  };
}
