import type { components } from '../src/contract/generated/openapi.js';
import { type Benchmark, type BenchmarkOptions, type BenchmarkReport, median } from './benchmark.js';
import { partsOfSteps } from './dispatch/figures.js';
import { uploadNoise } from './noise.js';
import { call, type RunningService, settled, startService, trained } from './service.js';

type Schemas = components['schemas'];

/** Networks to plan and then to run, with the `steps` of a task. */
const NETWORKS = [
  { name: 'ResNet-20', model: { family: 'resnet', depth: 20, width: 16 }, side: 16, batch: 100, steps: 40 },
  { name: 'ResNet-20', model: { family: 'resnet', depth: 20, width: 16 }, side: 32, batch: 128, steps: 12 },
  { name: 'ResNet-110', model: { family: 'resnet', depth: 110, width: 16 }, side: 32, batch: 64, steps: 6 },
  {
    name: 'WRN-16-4',
    model: { family: 'wide-resnet', depth: 16, width: 4 },
    ...{ side: 32, batch: 64, steps: 6 },
  },
] as const;
type Network = (typeof NETWORKS)[number];

const METHODS = [
  { type: 'backprop', stages: 1 },
  { type: 'augmented-lagrangian', stages: 2 },
  { type: 'augmented-lagrangian', stages: 4 },
  { type: 'local-heads', stages: 2 },
] as const;
type Method = (typeof METHODS)[number];

/** Rounds of a job. */
const ROUNDS = 3;

export const benchmark: Benchmark = {
  name: 'plans',
  title:
    'seconds of a stage’s step and speed-ups as POST /plans predicts them from a profile, and as jobs then measure them, on one device',
  run,
};

interface Compared {
  readonly method: Method;
  readonly split: readonly number[];
  /** Predicted seconds of each stage. */
  readonly predicted: readonly number[];
  readonly measured: readonly number[];
}

interface Row {
  readonly network: string;
  readonly side: number;
  readonly batch: number;
  readonly profileSeconds: number;
  readonly compared: readonly Compared[];
}

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  // One slot: whatever runs has the device alone.
  const service = await startService({ STRATA_SLOTS: '1', STRATA_THREADS: '1' });
  try {
    for (const side of new Set(NETWORKS.map((network) => network.side))) {
      const max = NETWORKS.filter((network) => network.side === side).map(imagesOf);
      await uploadNoise(service, datasetOf(side), side, Math.max(...max));
    }
    const rows: Row[] = [];
    for (const network of NETWORKS) {
      rows.push(await compare(service, network));
      say(linesOf(rows.at(-1)!).join('\n'));
    }
    const worst = Math.max(...rows.flatMap(({ compared }) => compared.flatMap(errorsOf)).map(Math.abs));
    const lines = [...rows.flatMap((row) => [...linesOf(row), '']), `furthest apart: ${percent(worst)}`];
    return { lines, figures: { rounds: ROUNDS, worst, rows } };
  } finally {
    await service.stop();
  }
}

const datasetOf = (side: number): string => `noise-${side}`;
const imagesOf = ({ batch, steps }: Network): number => ROUNDS * steps * batch;

const jobOf = (network: Network, { type, stages }: Method) => ({
  dataset: datasetOf(network.side),
  model: network.model,
  batch_size: network.batch,
  epochs: 1,
  max_train_samples: imagesOf(network),
  method: { type, stages, round_steps: network.steps, end_to_end_share: 0 },
  seed: 1,
  exports: [],
});

async function compare(service: RunningService, network: Network): Promise<Row> {
  const begun = performance.now();
  const { id } = await call<Schemas['Profile']>(service, '/profiles', { job: jobOf(network, METHODS[0]) });
  const profile = await settled<Schemas['Profile']>(service, `/profiles/${id}`, 'queued', 'running');
  if (profile.state !== 'succeeded') throw new Error(`${network.name}: ${JSON.stringify(profile.error)}`);
  const profileSeconds = (performance.now() - begun) / 1000;
  const compared: Compared[] = [];
  for (const method of METHODS) {
    const job = jobOf(network, method);
    const plan = await call<Schemas['Plan']>(service, '/plans', { job });
    const ended = await trained(service, job);
    const stages = Array.from({ length: method.stages }, (_, stage) => stage);
    compared.push({
      method,
      split: ended.job.spec.method.split as number[],
      predicted: plan.stages.map(({ step_seconds }) => step_seconds),
      measured: stages.map((stage) => {
        const own = ended.tasks.filter((task) => task.kind === 'stage' && task.stage === stage);
        return median(own.map((task) => partsOfSteps(task) / network.steps));
      }),
    });
  }
  return { network: network.name, side: network.side, batch: network.batch, profileSeconds, compared };
}

/** Errors of the predicted step times, as shares of the measured ones. */
function errorsOf({ predicted, measured }: Compared): number[] {
  return predicted.map((seconds, stage) => seconds / measured[stage]! - 1);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const signed = (share: number): string => `${share > 0 ? '+' : ''}${percent(share)}`;

function linesOf({ network, side, batch, profileSeconds, compared }: Row): string[] {
  const [serial] = compared;
  const speedUp = (from: 'predicted' | 'measured', row: Compared) =>
    serial![from][0]! / Math.max(...row[from]);
  return [
    `${network}, ${side}x${side}, batch ${batch}: profiled within ${profileSeconds.toFixed(1)} s`,
    `  ${'method'.padEnd(26)}split        predicted, measured seconds of a step`,
    ...compared.map((row) => {
      const { method, split, predicted, measured } = row;
      const steps = predicted.map(
        (seconds, stage) =>
          `${seconds.toFixed(4)} ${measured[stage]!.toFixed(4)} (${signed(errorsOf(row)[stage]!)})`,
      );
      const gained =
        method.stages > 1
          ? `; speed-up ${speedUp('predicted', row).toFixed(2)} ${speedUp('measured', row).toFixed(2)}`
          : '';
      const name = `${method.type}, K=${method.stages}`;
      return `  ${name.padEnd(26)}${split.join('+').padEnd(13)}${steps.join(', ')}${gained}`;
    }),
  ];
}
