import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { cpuHasBfloat16 } from '../src/jobs/worker/slots/devices.js';
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
  title:
    'one serial training step, SGD with momentum: ours, stock tfjs layers and PyTorch in turns, float32 and bfloat16',
  run,
};

const NAMES = Object.keys(WORKLOADS) as WorkloadName[];

async function run(options: BenchmarkOptions): Promise<BenchmarkReport> {
  const torch = await torchCommand(options.say);
  const hasBfloat16 = cpuHasBfloat16(await readFile('/proc/cpuinfo', 'utf8').catch(() => ''));
  const lines: string[] = [];
  const races: object[] = [];
  for (const threads of new Set([1, availableParallelism()])) {
    for (const name of NAMES) {
      const { batch, side } = WORKLOADS[name];
      const title = `${name}, batch ${batch}, ${side}x${side}, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
      options.say(title);
      const measurements = await race(
        { workload: name, threads, torch, hasBfloat16: hasBfloat16 && threads === 1 },
        options,
      );
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
  if (hasBfloat16) return { lines, figures: { races } };
  const note = 'bfloat16 is left out: the processor has neither AVX512_BF16 nor AMX.';
  return { lines: [...lines, note], figures: { races, bfloat16: note } };
}
