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
const ASHA = { type: 'asha', divisor: 4, min_epochs: 1, max_rungs: 2, mode: 'promote' };
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
  /** Rounds trained: they do not depend on what else the machine does. */
  readonly rounds: number;
  /** Share of the time of all slots, from the first task to the last, in which they had a task. */
  readonly atWork: number;
}

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const service = await startService({ STRATA_SLOTS: String(SLOTS), STRATA_THREADS: '1' });
  try {
    await uploadSomeMnist(service, DATASET, IMAGES);
    const sweep = async (name: string, stopping: object, limits: object): Promise<Searched> => {
      const searched = await search(service, { name, stopping, limits });
      say(`  ${name}: ${searched.deviceSeconds.toFixed(0)} s`);
      return searched;
    };
    const asha = await sweep('ASHA', ASHA, { parallel_trials: PARALLEL });
    const grid = await sweep('grid', { type: 'none' }, { parallel_trials: PARALLEL });
    const alone = await sweep('one trial at a time', { type: 'none' }, { trials: 2, parallel_trials: 1 });
    return report(grid, asha, alone);
  } finally {
    await service.stop();
  }
}

async function search(
  service: RunningService,
  body: { readonly name: string; readonly stopping: object; readonly limits: object },
): Promise<Searched> {
  const { id } = await call<Schemas['Sweep']>(service, '/sweeps', {
    ...body,
    job: JOB,
    space: SPACE,
    search: { type: 'grid', seed: 1 },
  });
  return readSearched(service, await ended(service, id));
}

/** @throws Error for a sweep that has not succeeded */
export async function readSearched(
  service: RunningService,
  { id, name, best, spent, state }: Schemas['Sweep'],
): Promise<Searched> {
  if (best === null || state !== 'succeeded') throw new Error(`the sweep ${name} is ${state}`);
  const { data: trials } = await call<Schemas['TrialList']>(service, `/sweeps/${id}/trials`);
  const attempts = await attemptsOf(service, trials);
  const atWork = busyShare(intervalsOf(attempts), SLOTS);
  return { trials, best, deviceSeconds: spent.device_seconds, rounds: roundsOf(attempts), atWork };
}

async function ended(service: RunningService, id: string): Promise<Schemas['Sweep']> {
  for (;;) {
    const sweep = await call<Schemas['Sweep']>(service, `/sweeps/${id}`);
    if (sweep.finished_at !== null) return sweep;
    await delay(1000);
  }
}

/** Every attempt at a task of these trials. */
async function attemptsOf(
  service: RunningService,
  trials: readonly Schemas['Trial'][],
): Promise<Schemas['Attempt'][]> {
  const attempts: Schemas['Attempt'][] = [];
  for (const { job_id } of trials.flatMap(({ runs }) => runs)) {
    if (job_id === null) continue;
    attempts.push(...(await call<Schemas['AttemptList']>(service, `/jobs/${job_id}/attempts`)).data);
  }
  return attempts;
}

/** When a slot had a task. */
const intervalsOf = (attempts: readonly Schemas['Attempt'][]): Interval[] =>
  attempts.flatMap(({ started_at, ended_at }) =>
    ended_at === null ? [] : [{ from: Date.parse(started_at), to: Date.parse(ended_at) }],
  );

/** Rounds of stages and of the joined network that were trained to their ends. */
const roundsOf = (attempts: readonly Schemas['Attempt'][]): number =>
  attempts.filter(
    ({ kind, outcome }) => outcome === 'succeeded' && (kind === 'stage' || kind === 'end_to_end'),
  ).length;

export function report(grid: Searched, asha: Searched, alone: Searched): BenchmarkReport {
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
    `and for ${percent(asha.rounds / grid.rounds)} of its trained rounds (${asha.rounds} of ${grid.rounds}), which do not depend on what else the machine does`,
    `slots at work: ${percent(grid.atWork)} in the grid and ${percent(asha.atWork)} in ASHA, ${PARALLEL} trials at once; ${percent(alone.atWork)} with one trial at a time, whose waits nobody fills`,
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
