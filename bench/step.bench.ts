import { fileURLToPath } from 'node:url';
import type { Benchmark, BenchmarkOptions, Measurement } from './benchmark.js';
import { Contender } from './contender.js';
import { torchCommand } from './step/torch.js';

const script = (name: string) => [
  process.execPath,
  '--import',
  'tsx',
  fileURLToPath(new URL(`./step/${name}`, import.meta.url)),
];

export const benchmark: Benchmark = {
  name: 'step',
  title: 'one serial training step of ResNet-20, batch 128, 32x32x3, SGD with momentum, float32, one thread',
  run,
};

/** Takes turns, a step each, so that whatever else the machine does burdens all alike. */
async function run(options: BenchmarkOptions): Promise<Measurement[]> {
  const racers: { contender: Contender; version: string; ms: number[]; loss: number }[] = [];
  const enter = async (name: string, command: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const started = await Contender.start(name, command, { ...process.env, ...env });
    racers.push({ ...started, ms: [], loss: Number.NaN });
  };
  try {
    await enter('ours', script('ours.ts'));
    await enter('tfjs layers', script('tfjs.ts'));
    const torch = await torchCommand(options.say);
    if (torch) await enter('PyTorch', torch.command, torch.env);
    for (let turn = -options.warmup; turn < options.steps; turn++) {
      for (const racer of racers) {
        const { ms, loss } = await racer.contender.step();
        if (turn === -options.warmup) racer.loss = loss;
        if (turn >= 0) racer.ms.push(ms);
      }
      if ((turn + 1) % 10 === 0 && turn > 0) options.say(`… ${turn + 1} of ${options.steps} steps each`);
    }
  } finally {
    await Promise.all(racers.map(({ contender }) => contender.stop()));
  }
  return racers.map(({ contender, version, ms, loss }) => ({
    contender: contender.name,
    version,
    milliseconds: ms,
    firstLoss: loss,
  }));
}
