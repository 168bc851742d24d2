import { fileURLToPath } from 'node:url';
import type { BenchmarkOptions, Measurement } from '../benchmark.js';
import { Contender, type Introduction } from '../contender.js';
import type { TorchCommand } from './torch.js';
import { type BenchPrecision, PRECISION_VARIABLE, WORKLOAD_VARIABLE, type WorkloadName } from './workload.js';

const script = (name: string) => [
  process.execPath,
  '--import',
  'tsx',
  fileURLToPath(new URL(`./${name}`, import.meta.url)),
];

/** Steps that take longer than this are measured fewer times, and bfloat16's always: each of these is an average of much. */
const LONG_STEP_MS = 10_000;
const FEWER_STEPS = 10;

interface Racer extends Introduction {
  readonly contender: Contender;
  readonly ms: number[];
  readonly precision: BenchPrecision;
  loss: number;
  peakMb: number;
}

/** Contenders, and their precisions. */
export interface Field {
  readonly workload: WorkloadName;
  readonly threads: number;
  /** Null where it could not be had. */
  readonly torch: TorchCommand | null;
  readonly hasBfloat16: boolean;
}

/** Takes turns, a step each, so that whatever else the machine does burdens all alike. */
export async function race(
  { workload, threads, torch, hasBfloat16 }: Field,
  options: BenchmarkOptions,
): Promise<Measurement[]> {
  const racers: Racer[] = [];
  const enter = async (
    name: string,
    command: readonly string[],
    env: NodeJS.ProcessEnv = {},
    precision: BenchPrecision = 'float32',
  ) => {
    const told = { [WORKLOAD_VARIABLE]: workload, [PRECISION_VARIABLE]: precision };
    const started = await Contender.start(name, command, { ...process.env, ...env, ...told }, threads);
    racers.push({ ...started, precision, ms: [], loss: Number.NaN, peakMb: Number.NaN });
  };
  try {
    await enter('ours', script('ours.ts'));
    await enter('tfjs layers', script('tfjs.ts'));
    if (torch) await enter('PyTorch', torch.command, torch.env);
    if (hasBfloat16) {
      await enter('ours, bf16', script('ours.ts'), {}, 'bfloat16');
      if (torch) await enter('PyTorch bf16', torch.command, torch.env, 'bfloat16');
    }
    await takeTurns(racers, options);
  } finally {
    await Promise.all(racers.map(({ contender }) => contender.stop()));
  }
  return racers.map(({ contender, version, ms, loss, base_mb, peakMb }) => ({
    contender: contender.name,
    version,
    milliseconds: ms,
    firstLoss: loss,
    memory: { baseMb: base_mb, peakMb },
  }));
}

async function takeTurns(racers: readonly Racer[], { steps, warmup, say }: BenchmarkOptions): Promise<void> {
  let wanted = steps;
  for (let turn = -warmup; turn < wanted; turn++) {
    for (const racer of racers) {
      if (racer.precision === 'bfloat16' && turn >= FEWER_STEPS) continue;
      const { ms, loss, peak_mb } = await racer.contender.step();
      racer.peakMb = peak_mb;
      if (turn === -warmup) racer.loss = loss;
      if (turn >= 0) racer.ms.push(ms);
      if (turn === -1 && ms > LONG_STEP_MS) wanted = Math.min(steps, FEWER_STEPS);
    }
    if (turn === -1 && wanted < steps)
      say(`… a step takes more than 10 s: ${wanted} of them instead of ${steps}`);
    if ((turn + 1) % 10 === 0 && turn > 0) say(`… ${turn + 1} of ${wanted} steps each`);
  }
}
