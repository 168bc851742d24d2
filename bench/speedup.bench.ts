import type { components } from '../src/contract/generated/openapi.js';
import { makeNpy, makeNpz, rawImages } from '../test/datasets/support/arrays.js';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { call, type RunningService, startService, upload } from './service.js';
import { type DataParallel, dataParallel } from './speedup/ddp.js';
import { type PhaseFigures, phaseFigures } from './speedup/figures.js';
import { torchCommand } from './step/torch.js';

type Schemas = components['schemas'];

/** Batches as bench/step/torch_networks.py has them. */
const NETWORKS = {
  'resnet-20': { model: { family: 'resnet', depth: 20, width: 16 }, batch: 128, roundSteps: 8 },
  'resnet-110': { model: { family: 'resnet', depth: 110, width: 16 }, batch: 64, roundSteps: 4 },
  'wrn-16-4': { model: { family: 'wide-resnet', depth: 16, width: 4 }, batch: 64, roundSteps: 4 },
} as const;
type NetworkName = keyof typeof NETWORKS;

const STAGES = 2;
/** So many that the wavefront's filling and draining weigh little. */
const ROUNDS = 16;
/** Rounds that the joined network trains: what a serial step takes. */
const END_TO_END_ROUNDS = 2;
const TEST_IMAGES = 100;
const PEER_STEPS = 15;

export const benchmark: Benchmark = {
  name: 'speedup',
  title: 'augmented Lagrangian in two stages on two cores, through the service, beside data-parallel PyTorch',
  run,
};

interface Row {
  readonly network: NetworkName;
  readonly split: readonly number[];
  readonly speedUp: NonNullable<Schemas['JobResult']['speedup']>;
  readonly serialSecondsPerStep: number;
  readonly phase: PhaseFigures;
  readonly messageBytesPerStep: number;
  readonly peer: DataParallel | null;
}

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const torch = await torchCommand(say);
  const service = await startService({ STRATA_SLOTS: '2', STRATA_THREADS: '1' });
  const rows: Row[] = [];
  try {
    await uploadNoise(service);
    for (const network of Object.keys(NETWORKS) as NetworkName[]) {
      const peer = torch && (await dataParallel(torch, network, PEER_STEPS));
      rows.push({ network, peer, ...(await measure(service, network)) });
      say(linesOf(rows.at(-1)!).join('\n'));
    }
  } finally {
    await service.stop();
  }
  return {
    lines: rows.flatMap((row) => [...linesOf(row), '']),
    figures: { stages: STAGES, rounds: ROUNDS, rows },
  };
}

async function measure(
  service: RunningService,
  network: NetworkName,
): Promise<Omit<Row, 'network' | 'peer'>> {
  const { model, batch, roundSteps } = NETWORKS[network];
  const { id } = await call<Schemas['Job']>(service, '/jobs', {
    dataset: 'bench',
    model,
    batch_size: batch,
    epochs: 1,
    max_train_samples: (ROUNDS + END_TO_END_ROUNDS) * roundSteps * batch,
    method: {
      type: 'augmented-lagrangian',
      stages: STAGES,
      round_steps: roundSteps,
      end_to_end_share: END_TO_END_ROUNDS / (ROUNDS + END_TO_END_ROUNDS),
    },
    seed: 1,
    exports: [],
  });
  const job = await ended(service, id);
  const { speedup } = job.result ?? {};
  if (job.state !== 'succeeded' || !speedup) throw new Error(`${network}: ${JSON.stringify(job.error)}`);
  const { data: tasks } = await call<Schemas['TaskList']>(service, `/jobs/${id}/tasks`);
  const joint = tasks.filter(({ kind }) => kind === 'end_to_end');
  const spent = joint.reduce(
    (sum, task) => sum + Date.parse(task.finished_at!) - Date.parse(task.started_at!),
    0,
  );
  return {
    split: job.spec.method.split as number[],
    speedUp: speedup,
    serialSecondsPerStep: spent / 1000 / (END_TO_END_ROUNDS * roundSteps),
    phase: phaseFigures(tasks, STAGES, ROUNDS * roundSteps),
    messageBytesPerStep: await messageBytes(service, job.spec, batch),
  };
}

/** What a plan says that the stages send each other in an epoch of the layer-parallel phase. */
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

/** Images of noise: speed does not depend on what they show. */
async function uploadNoise(service: RunningService): Promise<void> {
  const train =
    Math.max(...Object.values(NETWORKS).map(({ batch, roundSteps }) => batch * roundSteps)) *
    (ROUNDS + END_TO_END_ROUNDS);
  const part = (name: string, count: number, seed: number) => ({
    [`x_${name}`]: makeNpy('|u1', [count, 32, 32, 3], rawImages(count, 3072, seed)),
    [`y_${name}`]: makeNpy(
      '|u1',
      [count],
      Uint8Array.from({ length: count }, (_, index) => index % 10),
    ),
  });
  await upload(
    service,
    'bench',
    new Blob([makeNpz({ ...part('train', train, 1), ...part('test', TEST_IMAGES, 2) })]),
    'bench.npz',
  );
}

async function ended(service: RunningService, id: string): Promise<Schemas['Job']> {
  for (;;) {
    const job = await call<Schemas['Job']>(service, `/jobs/${id}?wait=30`);
    if (job.finished_at !== null) return job;
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function linesOf({
  network,
  split,
  speedUp,
  serialSecondsPerStep,
  phase,
  messageBytesPerStep,
  peer,
}: Row): string[] {
  const { measured, predicted } = speedUp;
  const shares = phase.stages.map(({ busyShare }) => percent(busyShare)).join(' and ');
  return [
    `${network}, batch ${NETWORKS[network].batch}, blocks ${split.join(' + ')}: a serial step ${serialSecondsPerStep.toFixed(3)} s`,
    `  speed-up ${measured?.toFixed(2)} measured over the whole phase, ${predicted?.toFixed(2)} by Eq. 27: ${((measured ?? 0) / (predicted ?? 1)).toFixed(2)} of it`,
    `  stages busy ${shares} of the phase; in the steady state a device is idle ${percent(phase.steadyIdleShare)}`,
    `  messages ${megabytes(messageBytesPerStep)} a step, ${phase.spoolSeconds.toFixed(4)} s of it`,
    ...(peer
      ? [
          `  PyTorch: a serial step ${peer.serialSeconds.toFixed(3)} s, DistributedDataParallel on 2 processes ${peer.seconds.toFixed(3)} s: ${peer.speedUp.toFixed(2)}; ${megabytes(peer.bytesPerStep)} a step`,
        ]
      : []),
  ];
}
