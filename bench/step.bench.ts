import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import {
  type Benchmark,
  type BenchmarkOptions,
  type BenchmarkReport,
  summarize,
  table,
} from './benchmark.js';
import { race } from './step/race.js';
import { torchCommand } from './step/torch.js';
import { WORKLOADS, type WorkloadName } from './step/workload.js';

export const benchmark: Benchmark = {
  name: 'step',
  title: 'one serial training step, SGD with momentum, float32: ours, stock tfjs layers and PyTorch in turns',
  run,
};

const NAMES = Object.keys(WORKLOADS) as WorkloadName[];

async function run(options: BenchmarkOptions): Promise<BenchmarkReport> {
  const torch = await torchCommand(options.say);
  const lines: string[] = [];
  const races: object[] = [];
  for (const threads of new Set([1, availableParallelism()])) {
    for (const name of NAMES) {
      const { batch, side } = WORKLOADS[name];
      const title = `${name}, batch ${batch}, ${side}x${side}, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
      options.say(title);
      const measurements = await race(name, threads, torch, options);
      const contenders = summarize(measurements);
      races.push({
        workload: name,
        batch,
        side,
        threads,
        steps: measurements[0]?.milliseconds.length,
        contenders,
      });
      lines.push(title, ...table(contenders), '');
    }
  }
  const note = await bfloat16Note();
  return { lines: [...lines, note], figures: { races, bfloat16: note } };
}

/** Where a row of bfloat16 would be. */
async function bfloat16Note(): Promise<string> {
  const flags = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  return /\b(avx512_bf16|amx_bf16)\b/.test(flags)
    ? 'No bfloat16 row: this benchmark measures float32 steps only.'
    : 'No bfloat16 row: the processor has neither AVX512_BF16 nor AMX.';
}
