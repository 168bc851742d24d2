import type { components } from '../src/contract/generated/openapi.js';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { type DispatchFigures, dispatchFigures } from './dispatch/figures.js';
import { fillReadyTasks } from './dispatch/fill.js';
import { call, startService, succeeded } from './service.js';

type Schemas = components['schemas'];

/** Tasks of other jobs that are ready meanwhile. */
const QUEUED = [10, 1_000, 10_000, 100_000];
const ROUNDS = 50;
const ROUND_STEPS = 20;
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
    return dispatchFigures(tasks, stages);
  } finally {
    await service.stop();
  }
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
