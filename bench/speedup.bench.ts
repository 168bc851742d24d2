import type { components } from '../src/contract/generated/openapi.js';
import { type Benchmark, type BenchmarkOptions, type BenchmarkReport, median } from './benchmark.js';
import { uploadNoise } from './noise.js';
import { call, type RunningService, secondsOfTask, startService, trained } from './service.js';
import { type PhaseFigures, phaseFigures } from './speedup/figures.js';
import { bestOf, measurePeers, type Peers } from './speedup/peers.js';
import {
  measuredPlan,
  measuredSplit,
  type PipelineFigures,
  pipelineFigures,
  type SimulatedWay,
  simulatedWays,
} from './speedup/pipeline.js';
import { torchCommand } from './step/torch.js';

type Schemas = components['schemas'];

/** Batches as bench/step/torch_networks.py has them. */
const NETWORKS = {
  'resnet-20': { model: { family: 'resnet', depth: 20, width: 16 }, batch: 128, roundSteps: 12 },
  'resnet-110': { model: { family: 'resnet', depth: 110, width: 16 }, batch: 64, roundSteps: 8 },
  'wrn-16-4': { model: { family: 'wide-resnet', depth: 16, width: 4 }, batch: 64, roundSteps: 8 },
} as const;
type NetworkName = keyof typeof NETWORKS;
const NAMES = Object.keys(NETWORKS) as NetworkName[];

const STAGES = 2;
/** Enough rounds to make the start and the end of the wavefront negligible. */
const ROUNDS = 24;
/** Rounds that the joined network trains: what a serial step takes. */
const END_TO_END_ROUNDS = 2;
/** Rounds of back-propagation: on all cores, and on one again after the pipeline. */
const SERIAL_ROUNDS = 2;
/** Rounds of two trainings side by side, of which the first, which warms both trainers, is not counted. */
const BESIDE_ROUNDS = 3;
/** A round of a pipeline is long, since each fills and drains it: a quarter of the default. The first is not counted. */
const PIPELINE = { rounds: 3, roundSteps: 48 };
const MAX_IMAGES = Math.max(
  ...Object.values(NETWORKS).map(
    ({ batch, roundSteps }) =>
      Math.max((ROUNDS + END_TO_END_ROUNDS) * roundSteps, PIPELINE.rounds * PIPELINE.roundSteps) * batch,
  ),
);
const CORES = 2;
/** Two and four micro-batches a device. */
const PEER_RUN = { microbatches: [4, 8], turns: 2, steps: 3 };
/** Devices that this machine does not have. */
const SIMULATED_STAGES = 4;

export const benchmark: Benchmark = {
  name: 'speedup',
  title:
    'augmented Lagrangian and pipeline in two stages on two cores, through the service, beside back-propagation on two threads, and data-parallel and pipelined PyTorch',
  run,
};

interface Row {
  readonly network: NetworkName;
  readonly split: readonly number[];
  readonly speedUp: NonNullable<Schemas['JobResult']['speedup']>;
  readonly serialSecondsPerStep: number;
  /** Back-propagation on both cores: of one trainer with two threads. */
  readonly threadedSecondsPerStep: number;
  /** Steps of two trainings side by side in the time of one alone: as much as this machine gives two processes. */
  readonly ceiling: number;
  readonly phase: PhaseFigures;
  readonly messageBytesPerStep: number;
  readonly pipeline: PipelineFigures & { readonly speedUp: number };
  readonly peers: Peers | null;
  /** From measured parts of the network. */
  readonly simulated: readonly SimulatedWay[];
}

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const torch = await torchCommand(say);
  const threaded = await onService({ slots: 1, threads: CORES }, backpropSeconds);
  const rows = await onService({ slots: CORES, threads: 1 }, async (service, network): Promise<Row> => {
    const measured = await measure(service, network);
    const [blocks = 0] = measured.pipeline.split;
    const peers = torch && (await measurePeers(torch, { workload: network, blocks, ...PEER_RUN }));
    const threadedSecondsPerStep = threaded[NAMES.indexOf(network)]!;
    const row = { network, peers, threadedSecondsPerStep, ...measured };
    say(linesOf(row).join('\n'));
    return row;
  });
  return {
    lines: rows.flatMap((row) => [...linesOf(row), '']),
    figures: { stages: STAGES, rounds: ROUNDS, rows },
  };
}

/** Measures every network, one after another, on a service of its own. */
async function onService<T>(
  { slots, threads }: { readonly slots: number; readonly threads: number },
  measureOne: (service: RunningService, network: NetworkName) => Promise<T>,
): Promise<T[]> {
  const service = await startService({ STRATA_SLOTS: String(slots), STRATA_THREADS: String(threads) });
  try {
    await uploadNoise(service, 'bench', 32, MAX_IMAGES);
    const measured: T[] = [];
    for (const network of NAMES) measured.push(await measureOne(service, network));
    return measured;
  } finally {
    await service.stop();
  }
}

const bodyOf = (
  network: NetworkName,
  rounds: number,
  method: object,
  roundSteps: number = NETWORKS[network].roundSteps,
) => {
  const { model, batch } = NETWORKS[network];
  return {
    dataset: 'bench',
    model,
    batch_size: batch,
    epochs: 1,
    max_train_samples: rounds * roundSteps * batch,
    method: { round_steps: roundSteps, ...method },
    seed: 1,
    exports: [],
  };
};

/** A step of each of two trainings at the same time, which share nothing but the machine. */
async function besideSeconds(service: RunningService, network: NetworkName): Promise<number[]> {
  const body = bodyOf(network, BESIDE_ROUNDS, { type: 'backprop' });
  const jobs = await Promise.all([trained(service, body), trained(service, body)]);
  return jobs.map(({ tasks }) => {
    const rounds = tasks.filter(({ kind, round }) => kind === 'stage' && round !== 0).map(secondsOfTask);
    return median(rounds) / NETWORKS[network].roundSteps;
  });
}

/** A step of back-propagation, the fastest round's: the first one warms the trainer. */
async function backpropSeconds(service: RunningService, network: NetworkName): Promise<number> {
  const body = bodyOf(network, SERIAL_ROUNDS, { type: 'backprop' });
  const { tasks } = await trained(service, body);
  const rounds = tasks.filter(({ kind }) => kind === 'stage');
  return Math.min(...rounds.map(secondsOfTask)) / NETWORKS[network].roundSteps;
}

async function measure(
  service: RunningService,
  network: NetworkName,
): Promise<Omit<Row, 'network' | 'peers' | 'threadedSecondsPerStep'>> {
  const { batch, roundSteps } = NETWORKS[network];
  const rounds = ROUNDS + END_TO_END_ROUNDS;
  const method = {
    type: 'augmented-lagrangian',
    stages: STAGES,
    end_to_end_share: END_TO_END_ROUNDS / rounds,
    // Its steps are what the stages are compared with: on a machine of their own.
    end_to_end_replicas: 1,
  };
  const { job, tasks } = await trained(service, bodyOf(network, rounds, method));
  const { speedup } = job.result ?? {};
  if (!speedup) throw new Error(`${network}: its result tells no speed-up`);
  const joint = tasks.filter(({ kind }) => kind === 'end_to_end').map(secondsOfTask);
  const { rounds: pipelineRounds, roundSteps: pipelineSteps } = PIPELINE;
  const pipelined = (stages: number, cut: 'auto' | readonly number[] = 'auto') =>
    bodyOf(network, pipelineRounds, { type: 'pipeline', stages, split: cut }, pipelineSteps);
  const plan = await measuredPlan(service, pipelined(SIMULATED_STAGES), SIMULATED_STAGES);
  const cut = measuredSplit(plan, STAGES);
  const pipeline = await pipelineFigures(service, pipelined(STAGES, cut), pipelineSteps);
  // Before the pipeline and after it.
  const before = Math.min(...joint) / roundSteps;
  const serialSeconds = (before + (await backpropSeconds(service, network))) / 2;
  const beside = await besideSeconds(service, network);
  return {
    split: job.spec.method.split as number[],
    speedUp: speedup,
    serialSecondsPerStep: serialSeconds,
    ceiling: beside.reduce((sum, seconds) => sum + serialSeconds / seconds, 0),
    pipeline: { ...pipeline, speedUp: serialSeconds / pipeline.secondsPerStep },
    simulated: simulatedWays(plan),
    phase: phaseFigures(tasks, STAGES, ROUNDS * roundSteps),
    messageBytesPerStep: await messageBytes(service, job.spec, batch),
  };
}

/** Bytes that the stages send each other in an epoch of the layer-parallel phase, according to a plan. */
async function messageBytes(
  service: RunningService,
  spec: Schemas['JobSpec'],
  batch: number,
): Promise<number> {
  const job = { ...spec, method: { ...spec.method, end_to_end_share: 0 } };
  const plan = await call<Schemas['Plan']>(service, '/plans', { job, devices: STAGES });
  const layout = plan.layouts.find(({ stages, replicas }) => stages === STAGES && replicas === 1);
  return (layout?.bytes_per_epoch ?? Number.NaN) / Math.floor((spec.max_train_samples ?? Number.NaN) / batch);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** Simulated ways of the report; the figures have all. */
const SHOWN = ['pipeline', 'augmented-lagrangian', 'gpipe', '1f1b'];

function linesOf(row: Row): string[] {
  const { network, split, speedUp, serialSecondsPerStep, threadedSecondsPerStep, phase } = row;
  const { ceiling, pipeline, simulated, peers, messageBytesPerStep } = row;
  const { measured, predicted } = speedUp;
  const shares = phase.stages.map(({ busyShare }) => percent(busyShare)).join(' and ');
  const fromParts = simulated
    .filter(({ name }) => SHOWN.includes(name))
    .map(({ name, speedUp: times, idleShare }) => `${name} ${times.toFixed(2)} (idle ${percent(idleShare)})`);
  return [
    `${network}, batch ${NETWORKS[network].batch}: a serial step ${serialSecondsPerStep.toFixed(3)} s; two trainings side by side make ${ceiling.toFixed(2)} steps in that time`,
    `  augmented Lagrangian, blocks ${split.join(' + ')}: speed-up ${measured?.toFixed(2)} measured over the whole phase, ${predicted?.toFixed(2)} by Eq. 27: ${((measured ?? 0) / (predicted ?? 1)).toFixed(2)} of it`,
    `    stages busy ${shares} of the phase; in the steady state a device is idle ${percent(phase.steadyIdleShare)}`,
    `    messages ${megabytes(messageBytesPerStep)} a step, ${phase.spoolSeconds.toFixed(4)} s of it`,
    `  pipeline, blocks ${pipeline.split.join(' + ')}: a step ${pipeline.secondsPerStep.toFixed(3)} s, speed-up ${pipeline.speedUp.toFixed(2)}, with filling and draining in rounds of ${PIPELINE.roundSteps} steps`,
    `    devices pass tensors and wait for them in ${pipeline.waitShares.map(percent).join(' and ')} of the time`,
    `  back-propagation on two threads: a step ${threadedSecondsPerStep.toFixed(3)} s, speed-up ${(serialSecondsPerStep / threadedSecondsPerStep).toFixed(2)}`,
    ...(peers ? peerLines(peers, pipeline.split) : []),
    `  K=${SIMULATED_STAGES}, SIMULATED from measured parts on links of 1 Gbit/s: speed-up ${fromParts.join(', ')}`,
  ];
}

function peerLines(peers: Peers, split: readonly number[]): string[] {
  const ways = ['ddp', 'gpipe', '1f1b'].map((name) => {
    const { name: way, seconds, speedUp } = bestOf(peers, name);
    return `${LABELS[name]}${way.slice(name.length)} ${seconds.toFixed(3)} s, speed-up ${speedUp.toFixed(2)}`;
  });
  return [
    `  PyTorch, one process: a serial step ${peers.serialSeconds.toFixed(3)} s; two gloo processes, pipelines cut at blocks ${split.join(' + ')}:`,
    `    ${ways.join('; ')}`,
    `    DistributedDataParallel sends ${megabytes(peers.ddpBytesPerStep)} a step; gradients of the pipelines are at most ${peers.gradientError.toExponential(0)} from a serial step's`,
  ];
}

/** A number of micro-batches follows, the quicker one of those tried. */
const LABELS: Readonly<Record<string, string>> = {
  ddp: 'DistributedDataParallel',
  gpipe: 'GPipe, micro-batches:',
  '1f1b': '1F1B, micro-batches:',
};
