import { fileURLToPath } from 'node:url';
import type { BenchmarkOptions, Measurement } from '../benchmark.js';
import { Contender, type Introduction } from '../contender.js';
import type { TorchCommand } from './torch.js';
import { WORKLOAD_VARIABLE, type WorkloadName } from './workload.js';

const script = (name: string) => [
  process.execPath,
  '--import',
  'tsx',
  fileURLToPath(new URL(`./${name}`, import.meta.url)),
];

/** Steps that take longer than this are measured fewer times: each of these is an average of much. */
const LONG_STEP_MS = 10_000;
const FEWER_STEPS = 10;

interface Racer extends Introduction {
  readonly contender: Contender;
  readonly ms: number[];
  loss: number;
  peakMb: number;
}

/** Takes turns, a step each, so that whatever else the machine does burdens all alike. */
export async function race(
  workload: WorkloadName,
  threads: number,
  torch: TorchCommand | null,
  options: BenchmarkOptions,
): Promise<Measurement[]> {
  const racers: Racer[] = [];
  const enter = async (name: string, command: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const all = { ...process.env, ...env, [WORKLOAD_VARIABLE]: workload };
    const started = await Contender.start(name, command, all, threads);
    racers.push({ ...started, ms: [], loss: Number.NaN, peakMb: Number.NaN });
  };
  try {
    await enter('ours', script('ours.ts'));
    await enter('tfjs layers', script('tfjs.ts'));
    if (torch) await enter('PyTorch', torch.command, torch.env);
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
