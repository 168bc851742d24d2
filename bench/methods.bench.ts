import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { CONTENDERS, SETTING } from './methods/contenders.js';
import { type Run, summarize, table } from './methods/summary.js';

const SEEDS = [1, 2, 3];

export const benchmark: Benchmark = {
  name: 'methods',
  title:
    'test accuracy on MNIST of every method beside the frozen control, before and after the end-to-end phase',
  run,
};

/** In this process and on one thread. */
async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  // Before TensorFlow loads: another number of threads adds in another order.
  for (const name of ['TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS', 'OMP_NUM_THREADS'])
    process.env[name] = '1';
  const { trainOnce } = await import('./methods/train-once.js');
  const runs: Run[] = [];
  for (const seed of SEEDS) {
    for (const name of Object.keys(CONTENDERS)) {
      const trained = await trainOnce(name, seed);
      runs.push(trained);
      say(`… ${name}, seed ${seed}: ${trained.after.toFixed(3)} in ${trained.seconds.toFixed(0)} s`);
    }
  }
  const methods = summarize(runs);
  return { lines: table(methods).split('\n'), figures: { setting: SETTING, seeds: SEEDS, methods, runs } };
}
