import { fileURLToPath } from 'node:url';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { Contender } from './contender.js';
import { PRECISION_VARIABLE, WORKLOAD_VARIABLE } from './step/workload.js';
import { couplingLines, runCouplings } from './techniques/couplings.js';
import { type Learned, learn } from './techniques/learn.js';
import { levelsLines, runLevels } from './techniques/levels.js';
import type { OptimizerName } from './techniques/optimizers.js';
import { REACHES, reachLines, runReaches } from './techniques/reach.js';
import { timeLines, timeReaches } from './techniques/reach-times.js';

/** More would take minutes on a busy machine. Factors are estimated in the first step and each tenth after it. */
const MAX_STEPS = 11;
const SEEDS = [1, 2, 3];
const OPTIMIZERS = ['sgd', 'kfac'] as const;

interface Contest {
  readonly optimizer: OptimizerName;
  readonly parts: number;
}
const CONTESTS: readonly Contest[] = [
  { optimizer: 'sgd', parts: 1 },
  { optimizer: 'sgd', parts: 4 },
  { optimizer: 'sgd', parts: 8 },
  { optimizer: 'kfac', parts: 1 },
];

export const benchmark: Benchmark = {
  name: 'techniques',
  title:
    'steps of ResNet-20 in parts and by K-FAC, beside a plain step; and steps to a loss on MNIST by K-FAC and SGD; and accuracy ' +
    'by the reach of local heads, by the coupling, and by levels',
  run,
};

interface Row extends Contest {
  /** Mean milliseconds of a step, as a multiple of the first row's. */
  readonly timesPlain: number;
  readonly milliseconds: number;
  /** Peak of the resident memory above that of the runtime. */
  readonly ownMb: number;
}

async function run({ steps, say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const measured = await measureInTurns(Math.min(steps, MAX_STEPS));
  const rows = measured.map(
    (row): Row => ({ ...row, timesPlain: row.milliseconds / measured[0]!.milliseconds }),
  );
  say('… steps are measured, MNIST begins');
  const learned = await learn(OPTIMIZERS, SEEDS);
  say('… optimizers are measured, local heads begin');
  const reachTimes = await timeReaches(REACHES);
  const reaches = await runReaches(SEEDS, say);
  const couplings = await runCouplings(SEEDS, say);
  const levels = await runLevels(SEEDS, say);
  return {
    lines: [
      ...[...linesOf(rows), '', ...learnedLines(learned), '', ...timeLines(reachTimes), ''],
      ...[...reachLines(reaches), '', ...couplingLines(couplings), '', ...levelsLines(levels)],
    ],
    figures: { rows, learned, reachTimes, reaches, couplings, levels },
  };
}

/** Each step of all contenders before the next one, so that the load of the machine is the same for all. */
async function measureInTurns(steps: number): Promise<Omit<Row, 'timesPlain'>[]> {
  const contenders = await Promise.all(CONTESTS.map(start));
  const sums = CONTESTS.map(() => ({ ms: 0, peak: 0 }));
  try {
    for (const { contender } of contenders) await contender.step();
    for (let step = 0; step < steps - 1; step++) {
      for (const [index, { contender }] of contenders.entries()) {
        const { ms, peak_mb } = await contender.step();
        sums[index] = { ms: sums[index]!.ms + ms, peak: peak_mb };
      }
    }
  } finally {
    await Promise.all(contenders.map(({ contender }) => contender.stop()));
  }
  return CONTESTS.map((contest, index) => ({
    ...contest,
    milliseconds: sums[index]!.ms / (steps - 1),
    ownMb: sums[index]!.peak - contenders[index]!.base_mb,
  }));
}

function start({ optimizer, parts }: Contest) {
  const script = fileURLToPath(new URL('./techniques/process.ts', import.meta.url));
  return Contender.start(`${optimizer} ${parts}`, [process.execPath, '--import', 'tsx', script], {
    ...process.env,
    [WORKLOAD_VARIABLE]: 'resnet-20',
    [PRECISION_VARIABLE]: 'float32',
    BENCH_OPTIMIZER: optimizer,
    BENCH_PARTS: String(parts),
  });
}

function linesOf(rows: readonly Row[]): string[] {
  const line = ({ optimizer, parts, milliseconds, timesPlain, ownMb }: Row) =>
    [
      optimizer.padEnd(6),
      String(parts).padStart(5),
      milliseconds.toFixed(0).padStart(8),
      timesPlain.toFixed(2).padStart(8),
      ownMb.toFixed(0).padStart(8),
    ].join('  ');
  return ['ResNet-20, batch 128', 'rule    parts   ms/step  x plain    own MB', ...rows.map(line)];
}

function learnedLines(learned: readonly Learned[]): string[] {
  return [
    'ResNet-8 of width 4, 2,048 MNIST images, batch 64: until the mean loss of 16 steps is 0.15',
    'rule     seed   steps   seconds',
    ...learned.map(({ optimizer, seed, steps, seconds }) =>
      [
        optimizer.padEnd(6),
        String(seed).padStart(6),
        String(steps ?? '-').padStart(6),
        seconds.toFixed(1).padStart(8),
      ].join('  '),
    ),
  ];
}
