import { withFolder } from '../test/trainer/support/run-plan.js';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { CIFAR_CASES, IMAGENET_CASES, libraryEnvironment } from './port/cases.js';
import { type PortRow, provePort } from './port/proof.js';

export const benchmark: Benchmark = {
  name: 'weights',
  title: 'weights of libraries, loaded, run, differentiated, exported and loaded there again',
  run,
};

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const env = await libraryEnvironment();
  if (env === null) throw new Error('PyTorch is not in the cache; `npm run bench -- step` puts it there');
  const rows: PortRow[] = [];
  for (const each of [...IMAGENET_CASES, ...CIFAR_CASES]) {
    say(`  ${each.name}`);
    rows.push(
      ...(await withFolder(({ folder, blobs }) => provePort(`${folder}/port`, [each], { env, blobs }))),
    );
  }
  return { lines: [HEAD, ...rows.flatMap(lines)], figures: { rows } };
}

const HEAD =
  'network           side  difference of a probability  (largest)  gradient  by PyTorch exported tensors, all equal bitwise';

function lines({ name, answers, largest, gradient, gradientByTorch, exports }: PortRow): string[] {
  const equal = Object.entries(exports).map(
    ([library, { tensors, equal: same }]) => `${library} ${same ? tensors : 'DIFFERENT'}`,
  );
  return Object.entries(answers).map(([side, value], index) =>
    [
      (index === 0 ? name : '').padEnd(16),
      side.padStart(5),
      value.toExponential(1).padStart(28),
      `(${largest.toFixed(3)})`.padStart(10),
      index === 0 ? gradient.toExponential(1).padStart(9) : '',
      index === 0 ? gradientByTorch.toExponential(1).padStart(10) : '',
      index === 0 ? ` ${equal.join(', ')}` : '',
    ].join(' '),
  );
}
