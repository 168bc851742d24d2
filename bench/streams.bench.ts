import { type Benchmark, type BenchmarkOptions, type BenchmarkReport, median } from './benchmark.js';
import { uploadNoise } from './noise.js';
import { type RunningService, secondsOfTask, startService, trained } from './service.js';

/** CIFAR-10 at half size, as the studies have it. */
const SIDE = 16;
const NETWORKS = {
  'resnet-20': { depth: 20, width: 16, batch: 128, roundSteps: 60 },
  'resnet-110': { depth: 110, width: 16, batch: 128, roundSteps: 20 },
} as const;
type NetworkName = keyof typeof NETWORKS;

const STAGES = 2;
/** Rounds of a job. The first one warms the trainers and is not counted. */
const ROUNDS = 3;
/** Jobs of each kind, in turns: what else the machine does then meets both. */
const TURNS = 2;
const MAX_IMAGES = Math.max(
  ...Object.values(NETWORKS).map(({ batch, roundSteps }) => batch * roundSteps * ROUNDS),
);

export const benchmark: Benchmark = {
  name: 'streams',
  title: 'a pipeline of two stages on two cores, through the service, beside back-propagation on one of them',
  run,
};

interface Row {
  readonly network: NetworkName;
  readonly split: readonly number[];
  /** Seconds of a step, of every counted round: its task from claim to end. */
  readonly serial: readonly number[];
  readonly pipeline: readonly number[];
  /** Share of their time that the pipeline's trainers passed tensors on or waited for them. */
  readonly streamShare: number;
  readonly speedUp: number;
}

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const service = await startService({ STRATA_SLOTS: String(STAGES), STRATA_THREADS: '1' });
  try {
    await uploadNoise(service, 'bench', SIDE, MAX_IMAGES);
    const rows: Row[] = [];
    for (const network of Object.keys(NETWORKS) as NetworkName[]) {
      const row = await measure(service, network);
      say(lineOf(row));
      rows.push(row);
    }
    return { lines: rows.map(lineOf), figures: { stages: STAGES, side: SIDE, rows } };
  } finally {
    await service.stop();
  }
}

async function measure(service: RunningService, network: NetworkName): Promise<Row> {
  const serial: number[] = [];
  const pipeline: number[] = [];
  let split: readonly number[] = [];
  let streamed = 0;
  let loop = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    serial.push(...(await roundsOf(service, network, { type: 'backprop' })).seconds);
    const made = await roundsOf(service, network, { type: 'pipeline', stages: STAGES });
    pipeline.push(...made.seconds);
    split = made.split;
    streamed += made.streamed;
    loop += made.loop;
  }
  const speedUp = median(serial) / median(pipeline);
  return { network, split, serial, pipeline, streamShare: streamed / loop, speedUp };
}

async function roundsOf(service: RunningService, network: NetworkName, method: object) {
  const { depth, width, batch, roundSteps } = NETWORKS[network];
  const { job, tasks } = await trained(service, {
    dataset: 'bench',
    model: { family: 'resnet', depth, width },
    batch_size: batch,
    epochs: 1,
    max_train_samples: ROUNDS * roundSteps * batch,
    method: { round_steps: roundSteps, ...method },
    seed: 1,
    exports: [],
  });
  const rounds = tasks.filter(({ kind, round }) => kind === 'stage' && round !== 0);
  const parts = rounds.map(({ seconds }) => seconds ?? {});
  return {
    split: job.spec.method.split as number[],
    seconds: rounds.map((task) => secondsOfTask(task) / roundSteps),
    streamed: sum(parts.map(({ stream = 0 }) => stream)),
    loop: sum(rounds.map(secondsOfTask)),
  };
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

function lineOf({ network, split, serial, pipeline, streamShare, speedUp }: Row): string {
  const [one, two] = [serial, pipeline].map((seconds) => median(seconds).toFixed(4));
  const passing = `${(100 * streamShare).toFixed(1)} % of it passing and waiting for tensors`;
  return `${network} (${split.join(' + ')} blocks): one device ${one} s a step, two ${two} s (${passing}): speed-up ${speedUp.toFixed(2)}`;
}
