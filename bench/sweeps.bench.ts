import { setTimeout as delay } from 'node:timers/promises';
import type { components } from '../src/contract/generated/openapi.js';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { call, type RunningService, startService } from './service.js';
import { busyShare, type Interval, placeOf } from './sweeps/figures.js';
import { uploadSomeMnist } from './sweeps/images.js';

type Schemas = components['schemas'];

const SLOTS = 2;
const DATASET = 'mnist-2048';
const IMAGES = { train: 2048, test: 512 };
const EPOCHS = 12;
const SPACE = {
  '/optimizer/learning_rate': { values: [0.003, 0.03, 0.2] },
  '/optimizer/momentum': { values: [0, 0.5, 0.9] },
};
/** Nine epochs of rounds, and three of the joined network. */
const JOB = {
  dataset: DATASET,
  validation_share: 0.2,
  model: { depth: 8, width: 4 },
  batch_size: 64,
  epochs: EPOCHS,
  method: { type: 'augmented-lagrangian', stages: 2, round_steps: 25, end_to_end_share: 0.25 },
  optimizer: { type: 'sgd' },
  exports: [],
  seed: 1,
};
const ASHA = { type: 'asha', divisor: 3, min_epochs: 1, max_rungs: 2, mode: 'promote' };
const PARALLEL = 4;

export const benchmark: Benchmark = {
  name: 'sweeps',
  title: 'nine points on 2,048 MNIST images in two stages on two slots: ASHA beside the whole grid',
  run,
};

interface Searched {
  readonly trials: readonly Schemas['Trial'][];
  readonly best: Schemas['Trial'];
  readonly deviceSeconds: number;
  /** Share of the time of all slots, from the first task to the last, in which they had a task. */
  readonly atWork: number;
}

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const service = await startService({ STRATA_SLOTS: String(SLOTS), STRATA_THREADS: '1' });
  try {
    await uploadSomeMnist(service, DATASET, IMAGES);
    const sweep = async (name: string, stopping: object, parallel: number): Promise<Searched> => {
      const searched = await search(service, { name, stopping, parallel });
      say(`  ${name}: ${searched.deviceSeconds.toFixed(0)} s`);
      return searched;
    };
    const asha = await sweep('ASHA', ASHA, PARALLEL);
    const grid = await sweep('grid', { type: 'none' }, PARALLEL);
    const alone = await sweep('ASHA, one trial at a time', ASHA, 1);
    return report(grid, asha, alone);
  } finally {
    await service.stop();
  }
}

async function search(
  service: RunningService,
  {
    name,
    stopping,
    parallel,
  }: { readonly name: string; readonly stopping: object; readonly parallel: number },
): Promise<Searched> {
  const { id } = await call<Schemas['Sweep']>(service, '/sweeps', {
    name,
    job: JOB,
    space: SPACE,
    search: { type: 'grid' },
    stopping,
    limits: { parallel_trials: parallel },
  });
  const { best, spent, state } = await ended(service, id);
  if (best === null || state !== 'succeeded') throw new Error(`the sweep ${name} is ${state}`);
  const { data: trials } = await call<Schemas['TrialList']>(service, `/sweeps/${id}/trials`);
  const atWork = busyShare(await tasksOf(service, trials), SLOTS);
  return { trials, best, deviceSeconds: spent.device_seconds, atWork };
}

async function ended(service: RunningService, id: string): Promise<Schemas['Sweep']> {
  for (;;) {
    const sweep = await call<Schemas['Sweep']>(service, `/sweeps/${id}`);
    if (sweep.finished_at !== null) return sweep;
    await delay(1000);
  }
}

/** When which slot had a task of these trials. */
async function tasksOf(service: RunningService, trials: readonly Schemas['Trial'][]): Promise<Interval[]> {
  const intervals: Interval[] = [];
  for (const { job_id } of trials.flatMap(({ runs }) => runs)) {
    if (job_id === null) continue;
    const { data } = await call<Schemas['AttemptList']>(service, `/jobs/${job_id}/attempts`);
    for (const { started_at, ended_at } of data)
      if (ended_at !== null) intervals.push({ from: Date.parse(started_at), to: Date.parse(ended_at) });
  }
  return intervals;
}

function report(grid: Searched, asha: Searched, alone: Searched): BenchmarkReport {
  const place = placeOf(asha.best, grid.trials);
  const share = asha.deviceSeconds / grid.deviceSeconds;
  const lines = [
    HEAD,
    ...grid.trials.map((trial) =>
      lineOf(
        trial,
        asha.trials.find(({ number }) => number === trial.number),
      ),
    ),
    '',
    `ASHA's best is number ${place} of the grid, for ${percent(share)} of its device seconds (${asha.deviceSeconds.toFixed(0)} of ${grid.deviceSeconds.toFixed(0)})`,
    `slots at work: ${percent(asha.atWork)} with ${PARALLEL} trials at once, ${percent(alone.atWork)} with one trial at a time, whose waits nobody fills`,
  ];
  return { lines, figures: { slots: SLOTS, parallel: PARALLEL, place, share, grid, asha, alone } };
}

const HEAD = 'learning rate   momentum   accuracy in the grid   ASHA: ended as   rungs   accuracy';

function lineOf(trial: Schemas['Trial'], asha: Schemas['Trial'] | undefined): string {
  const [run] = asha?.runs ?? [];
  const rungs = run?.rungs.filter(({ value }) => value !== null).length ?? 0;
  return [
    String(trial.parameters['/optimizer/learning_rate']).padEnd(13),
    String(trial.parameters['/optimizer/momentum']).padStart(11),
    accuracy(trial.value).padStart(23),
    (asha?.state ?? '').padStart(17),
    String(rungs).padStart(8),
    accuracy(asha?.value ?? null).padStart(11),
  ].join('');
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const accuracy = (value: number | null): string => (value === null ? '-' : percent(value));
