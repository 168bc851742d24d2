import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import type { TrainedJob } from './techniques/optimizer-jobs.js';

export const benchmark: Benchmark = {
  name: 'optimizers',
  title:
    'K-FAC beside SGD with one, two and four stages, on MNIST: steps to a loss, and test accuracy; and the accuracy of SGD, LARS ' +
    'and LAMB in batches of 100, 1,000 and 4,000 images',
  run,
};

const SEEDS = [1, 2, 3];

/** In this process and on one thread. */
async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  // Before TensorFlow loads: another number of threads adds in another order.
  for (const name of ['TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS', 'OMP_NUM_THREADS'])
    process.env[name] = '1';
  const { batchContests, factorContests, trainJobs } = await import('./techniques/optimizer-jobs.js');
  const factors = await trainJobs(factorContests(), SEEDS, say);
  const batches = await trainJobs(batchContests(), SEEDS, say);
  return { lines: [...linesOf(factors), '', ...batchLines(batches)], figures: { factors, batches } };
}

export function linesOf(factors: readonly TrainedJob[]): string[] {
  return [
    'ResNet-14 of width 4, 2,048 images, batch 64, six epochs: steps until the last loss is 0.5 twice; test accuracy',
    'rule and stages, then seeds 1, 2, 3',
    ...rowsOf(factors),
  ];
}

function batchLines(batches: readonly TrainedJob[]): string[] {
  return [
    'ResNet-8 of width 4, 20,480 images, five epochs: steps until the last loss is 0.5 twice; test accuracy',
    'batch and rule, then seeds 1, 2, 3',
    ...rowsOf(batches),
  ];
}

function rowsOf(jobs: readonly TrainedJob[]): string[] {
  return [...new Set(jobs.map(({ name }) => name))].map((name) => {
    const own = jobs.filter((job) => job.name === name);
    const steps = own.map((job) => String(job.steps ?? '-').padStart(4));
    const accuracies = own.map(({ accuracy }) => (100 * accuracy).toFixed(1).padStart(5));
    return [name.padEnd(36), ...steps, '  ', ...accuracies].join(' ');
  });
}
