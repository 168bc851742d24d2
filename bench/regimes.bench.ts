import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { components } from '../src/contract/generated/openapi.js';
import { ROOT } from '../src/service/root.js';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { uploadNoise } from './noise.js';
import { type Cell, drawBorder } from './regimes/border.js';
import { measurePeers, type PeerSteps } from './regimes/peers.js';
import { type PeerRow, peersOver, type Wire } from './regimes/wires.js';
import { call, type RunningService, settled, startService } from './service.js';
import { torchCommand } from './step/torch.js';

type Schemas = components['schemas'];

const WORKLOAD = 'wrn-16-4';
const [MODEL, BATCH, SIDE] = [{ family: 'wide-resnet', depth: 16, width: 4 }, 64, 32];
const DEVICES = 2;
/** Rounds of the size that jobs have. */
const EPOCH_STEPS = 200;
const MAX_STEPS = 3;

const WIRES: readonly Wire[] = [
  { name: 'one host', bytesPerSecond: 1e10, roundTripSeconds: 0 },
  { name: '1 Gbit/s, 0.5 ms', bytesPerSecond: 125e6, roundTripSeconds: 0.0005 },
  { name: '100 Mbit/s, 20 ms', bytesPerSecond: 12.5e6, roundTripSeconds: 0.02 },
];
/** Memory of a device, as a share of what the whole network needs in the same framework. */
const MEMORY_SHARES = [1, 0.8, 0.5, 0.35];
const PICTURE = 'docs/regimes.svg';

export const benchmark: Benchmark = {
  name: 'regimes',
  title:
    'WRN-16-4 on two devices under limits of memory and of links: measured parts, SIMULATED wires and limits',
  run,
};

interface Row extends PeerRow {
  readonly isOurs: boolean;
}

interface Regime {
  readonly wire: string;
  readonly memoryShare: number;
  /** Seconds of a step of each way that fits, the quickest first. */
  readonly rows: readonly Row[];
}

async function run({ steps, say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const torch = await torchCommand(say);
  if (torch === null) throw new Error('regimes are compared with PyTorch, which cannot be had');
  const peers = await measurePeers(torch, WORKLOAD, Math.min(steps, MAX_STEPS), say);
  const service = await startService({ STRATA_SLOTS: '1', STRATA_THREADS: '1' });
  try {
    await uploadNoise(service, 'bench', SIDE, EPOCH_STEPS * BATCH);
    await profiled(service);
    const regimes: Regime[] = [];
    for (const wire of WIRES)
      for (const share of MEMORY_SHARES) regimes.push(await regime(service, peers, wire, share));
    await writeFile(join(ROOT, PICTURE), drawBorder(regimes.map(cellOf)));
    return { lines: linesOf(regimes, peers), figures: { devices: DEVICES, peers, regimes } };
  } finally {
    await service.stop();
  }
}

const JOB = { dataset: 'bench', model: MODEL, batch_size: BATCH, epochs: 10, seed: 1, exports: [] };

async function profiled(service: RunningService): Promise<void> {
  const { id } = await call<Schemas['Profile']>(service, '/profiles', { job: JOB });
  const made = await settled<Schemas['Profile']>(service, `/profiles/${id}`, 'queued', 'running');
  if (made.state !== 'succeeded') throw new Error(`the profile ${made.state}: ${JSON.stringify(made.error)}`);
}

async function regime(
  service: RunningService,
  peers: PeerSteps,
  wire: Wire,
  memoryShare: number,
): Promise<Regime> {
  const link = {
    link_bytes_per_second: wire.bytesPerSecond,
    link_round_trip_seconds: wire.roundTripSeconds,
  };
  const plan = (limit: object = {}) =>
    call<Schemas['Plan']>(service, '/plans', { job: JOB, devices: DEVICES, ...link, ...limit });
  const free = await plan();
  const whole = free.methods.find(({ method }) => method.stages * method.end_to_end_replicas === 1)!;
  const limited = await plan({ device_memory_bytes: Math.ceil(memoryShare * whole.memory_bytes) });
  const steps = JOB.epochs * free.steps_per_epoch;
  const ours = limited.methods.map(
    ({ name, seconds, memory_bytes: memory }): Row => ({
      ...{ name: `Strata ${name}`, seconds: seconds / steps, isOurs: true },
      memoryShare: memory / whole.memory_bytes,
    }),
  );
  // Features and gradients of every batch of all epochs.
  const pipeline = free.methods.find(({ method, bytes }) => method.memory !== null && bytes > 0);
  const boundary = pipeline ? pipeline.bytes / steps / 2 : 0;
  const theirs = peersOver(peers, wire, boundary).map((row) => ({ ...row, isOurs: false }));
  const rows = [...ours, ...theirs]
    .filter((row) => row.memoryShare <= memoryShare)
    .toSorted((a, b) => a.seconds - b.seconds);
  return { wire: wire.name, memoryShare, rows };
}

function cellOf({ wire, memoryShare, rows }: Regime): Cell {
  const [first] = rows;
  const other = rows.find(({ isOurs }) => isOurs !== first?.isOurs);
  return {
    ...{ wire, memory: memoryOf(memoryShare) },
    winner: first?.name ?? 'nothing fits',
    isOurs: first?.isOurs ?? false,
    ahead: first && other ? other.seconds / first.seconds : null,
  };
}

const memoryOf = (share: number): string => `memory ${Math.round(100 * share)} %`;

function linesOf(regimes: readonly Regime[], peers: PeerSteps): string[] {
  const measured = Object.entries(peers).map(([name, step]) =>
    step
      ? `  ${name.padEnd(12)}${step.seconds.toFixed(2)} s a step, ${step.megabytes.toFixed(0)} MB a process`
      : `  ${name.padEnd(12)}does not run here`,
  );
  const tables = regimes.flatMap(({ wire, memoryShare, rows }) => [
    `${wire}, ${memoryOf(memoryShare)} of what the whole network needs:`,
    ...(rows.length > 0
      ? rows.map(
          ({ name, seconds, memoryShare: share }) =>
            `  ${(EPOCH_STEPS * seconds).toFixed(0).padStart(6)} s an epoch  ${name} (memory ${Math.round(100 * share)} %)`,
        )
      : ['  nothing fits']),
  ]);
  return ['PyTorch, measured on two cores of this machine without a wire:', ...measured, ...tables];
}
