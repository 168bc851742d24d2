import type { components } from '../src/contract/generated/openapi.js';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { type DispatchFigures, dispatchFigures } from './dispatch/figures.js';
import { fillReadyTasks } from './dispatch/fill.js';
import { call, type RunningService, startService, succeeded } from './service.js';

type Schemas = components['schemas'];

/** Tasks of other jobs that are ready meanwhile. */
const QUEUED = [10, 1_000, 10_000, 100_000];
const ROUNDS = 50;
/** With 50 rounds all of MNIST. */
const ROUND_STEPS = 18;
const BATCH = 64;

export const benchmark: Benchmark = {
  name: 'dispatch',
  title: `from a task's inputs to its first step on a warm slot, over jobs of ${ROUNDS} rounds, while others wait`,
  run,
};

interface Row extends DispatchFigures {
  readonly queued: number;
  readonly stages: number;
}

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const rows: Row[] = [];
  for (const queued of QUEUED) {
    for (const stages of [1, 2]) {
      rows.push({ queued, stages, ...(await measure(queued, stages)) });
      say(lineOf(rows.at(-1)!));
    }
  }
  return { lines: [HEAD, ...rows.map(lineOf), '', NOTE], figures: { rounds: ROUNDS, rows } };
}

/** A job that goes before all others, on a service of its own with a slot a stage. */
async function measure(queued: number, stages: number): Promise<DispatchFigures> {
  const service = await startService({ STRATA_SLOTS: String(stages), STRATA_THREADS: '1' });
  try {
    const { id } = await call<Schemas['Job']>(service, '/jobs', {
      dataset: 'mnist',
      priority: 100,
      model: { depth: 8, width: 8 },
      batch_size: BATCH,
      epochs: 1,
      max_train_samples: ROUNDS * ROUND_STEPS * BATCH,
      method: {
        type: stages === 1 ? 'backprop' : 'augmented-lagrangian',
        stages,
        round_steps: ROUND_STEPS,
        end_to_end_share: 0,
      },
      seed: 1,
      exports: [],
    });
    // Behind it in every respect, and there before its first round is over.
    await fillReadyTasks(service.databaseUrl, id, queued);
    const { tasks } = await succeeded(service, id);
    const paces = await pacesOf(service, id);
    return dispatchFigures(tasks, stages, ({ stage, round }) => (ROUND_STEPS * BATCH) / paces(stage, round));
  } finally {
    await service.stop();
  }
}

/** Images that a task's loop trained on in a second, as its trainer reports them at its last step. */
async function pacesOf(service: RunningService, id: string) {
  const path = `/jobs/${id}/metrics?name=images_per_second`;
  const { data } = await call<Schemas['MetricList']>(service, path);
  return (stage: number | null, round: number | null): number => {
    const points = data.find((series) => series.stage === stage)?.points ?? [];
    const last = (round! + 1) * ROUND_STEPS - 1;
    const pace = points.find(([step]) => step === last)?.[1];
    if (typeof pace !== 'number') throw new Error(`stage ${stage} tells no pace of round ${round}`);
    return pace;
  };
}

const HEAD =
  'ready tasks of others   K   claim   start   first step after   outputs stored in   together (worst)   devices without a step';

const NOTE =
  'At K=2 a slot whose next task is not ready yet takes one of the others meanwhile, as it would in any full queue.';

function lineOf({ queued, stages, idleShare, ...times }: Row): string {
  const ms = (value: number, width: number) => `${value.toFixed(0)} ms`.padStart(width);
  return [
    String(queued).padStart(21),
    String(stages).padStart(4),
    ms(times.claimMs, 8),
    ms(times.startMs, 8),
    ms(times.firstStepMs, 19),
    ms(times.storeMs, 20),
    ms(times.overheadMs, 11),
    `(${times.worstOverheadMs.toFixed(0)} ms)`.padStart(9),
    `${(100 * idleShare).toFixed(1)} %`.padStart(24),
  ].join('');
}
