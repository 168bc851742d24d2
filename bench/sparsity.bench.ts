import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { runSparsities, sparsityLines } from './techniques/sparsity.js';

const SEEDS = [1, 2, 3];

export const benchmark: Benchmark = {
  name: 'sparsity',
  title:
    'time, fidelity and accuracy of an AuxNet whose channels are removed during training, beside dense ones',
  run,
};

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const runs = await runSparsities(SEEDS, say);
  return { lines: sparsityLines(runs), figures: { runs } };
}
