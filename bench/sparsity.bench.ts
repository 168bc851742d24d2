import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { auxiliaryLines, runSparsities, sparsityLines, timeAuxiliaries } from './techniques/sparsity.js';

const SEEDS = [1, 2, 3];

export const benchmark: Benchmark = {
  name: 'sparsity',
  title:
    'time, fidelity and accuracy of an AuxNet whose channels are removed during training, beside dense ones',
  run,
};

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const times = timeAuxiliaries();
  const runs = await runSparsities(SEEDS, say);
  return { lines: [...auxiliaryLines(times), '', ...sparsityLines(runs)], figures: { times, runs } };
}
