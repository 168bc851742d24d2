import { fileURLToPath } from 'node:url';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { Contender } from './contender.js';
import { PRECISION_VARIABLE, WORKLOAD_VARIABLE } from './step/workload.js';
import { couplingLines, runCouplings } from './techniques/couplings.js';
import { fieldLines, runFields } from './techniques/fields.js';
import { INTEGRAL_NAMES, planned } from './techniques/integrals.js';
import { type Learned, learn } from './techniques/learn.js';
import { levelsLines, runLevels } from './techniques/levels.js';
import type { OptimizerName } from './techniques/optimizers.js';
import { partsIn } from './techniques/parts.js';
import { REACHES, reachLines, runReaches } from './techniques/reach.js';
import { timeLines, timeReaches } from './techniques/reach-times.js';
import { replicaLines, runReplicas } from './techniques/replicas.js';

/** More would take minutes on a busy machine. Factors are estimated in the first step and each tenth after it. */
const MAX_STEPS = 11;
const SEEDS = [1, 2, 3];
const OPTIMIZERS = ['sgd', 'kfac'] as const;

interface Contest {
  readonly optimizer: OptimizerName;
  readonly parts: number;
  readonly workload: string;
}
const RESNET = 'resnet-20';
const CONTESTS: readonly Contest[] = [
  { optimizer: 'sgd', parts: 1, workload: RESNET },
  { optimizer: 'sgd', parts: 4, workload: RESNET },
  { optimizer: 'sgd', parts: 8, workload: RESNET },
  { optimizer: 'kfac', parts: 1, workload: RESNET },
];
const INTEGRAL_CONTESTS = INTEGRAL_NAMES.map(
  (workload): Contest => ({ optimizer: 'sgd', parts: 1, workload }),
);

export const benchmark: Benchmark = {
  name: 'techniques',
  title:
    'steps of ResNet-20 in parts and by K-FAC, beside a plain step; steps of ode-resnet, beside blocks with weights of their ' +
    'own; and steps to a loss on MNIST by K-FAC and SGD; and accuracy by the reach of local heads, by the coupling, by levels, by the replicas of a stage, and of fields over ' +
    'time',
  run,
};

interface Row extends Contest {
  /** Mean milliseconds of a step, as a multiple of the first row's. */
  readonly timesPlain: number;
  readonly milliseconds: number;
  /** Milliseconds of its quickest step, and that as a multiple of the first row's. */
  readonly quickest: number;
  readonly timesQuickest: number;
  /** Peak of the resident memory above that of the runtime. */
  readonly ownMb: number;
}

async function run({ steps, file, say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const count = Math.min(steps, MAX_STEPS);
  const part = partsIn(file);
  const bySeed = async <Run>(
    name: string,
    runOf: (seeds: readonly number[], say: (line: string) => void) => Promise<Run[]>,
  ) => {
    const runs: Run[] = [];
    for (const seed of SEEDS) runs.push(...(await part(`${name}, seed ${seed}`, () => runOf([seed], say))));
    return runs;
  };
  const rows = await part('rows', () => measureInTurns(CONTESTS, count));
  say('… integrals begin');
  const integrals = await part('integrals', () => measureInTurns(INTEGRAL_CONTESTS, count));
  say('… steps are measured, MNIST begins');
  const learned = await part('learned', () => learn(OPTIMIZERS, SEEDS));
  say('… optimizers are measured, local heads begin');
  const reachTimes = await part('reach times', () => timeReaches(REACHES));
  const reaches = await bySeed('reaches', runReaches);
  const couplings = await bySeed('couplings', runCouplings);
  const replicas = await bySeed('replicas', runReplicas);
  const fields = await bySeed('fields', runFields);
  const levels = await bySeed('levels', runLevels);
  return {
    lines: [
      ...[...linesOf(rows), '', ...integralLines(integrals), ''],
      ...[...learnedLines(learned), '', ...timeLines(reachTimes), ''],
      ...[...reachLines(reaches), '', ...couplingLines(couplings), '', ...levelsLines(levels), ''],
      ...[...replicaLines(replicas), '', ...fieldLines(fields)],
    ],
    figures: { rows, integrals, learned, reachTimes, reaches, couplings, levels, replicas, fields },
  };
}

/** Each step of all contenders before the next one, so that the load of the machine is the same for all. */
async function measureInTurns(contests: readonly Contest[], steps: number): Promise<Row[]> {
  const contenders = await Promise.all(contests.map(start));
  const sums = contests.map(() => ({ ms: 0, peak: 0, quickest: Infinity }));
  try {
    for (const { contender } of contenders) await contender.step();
    for (let step = 0; step < steps - 1; step++) {
      for (const [index, { contender }] of contenders.entries()) {
        const { ms, peak_mb } = await contender.step();
        sums[index] = {
          ms: sums[index]!.ms + ms,
          peak: peak_mb,
          quickest: Math.min(sums[index]!.quickest, ms),
        };
      }
    }
  } finally {
    await Promise.all(contenders.map(({ contender }) => contender.stop()));
  }
  return contests.map((contest, index) => ({
    ...contest,
    milliseconds: sums[index]!.ms / (steps - 1),
    timesPlain: sums[index]!.ms / sums[0]!.ms,
    quickest: sums[index]!.quickest,
    timesQuickest: sums[index]!.quickest / sums[0]!.quickest,
    ownMb: sums[index]!.peak - contenders[index]!.base_mb,
  }));
}

function start({ optimizer, parts, workload }: Contest) {
  const script = fileURLToPath(new URL('./techniques/process.ts', import.meta.url));
  return Contender.start(`${optimizer} ${parts}`, [process.execPath, '--import', 'tsx', script], {
    ...process.env,
    [WORKLOAD_VARIABLE]: workload,
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

function integralLines(rows: readonly Row[]): string[] {
  return [
    'ode-resnet of width 16, batch 64, 32x32, eight evaluations of a field in each group',
    'network             parameters  quickest  x first    x plan    own MB   plan MB',
    ...rows.map(({ workload, quickest, timesQuickest, ownMb }) => {
      const { parameters, work, memoryMb } = planned(workload);
      return [
        workload.padEnd(18),
        String(parameters).padStart(10),
        quickest.toFixed(0).padStart(8),
        timesQuickest.toFixed(2).padStart(8),
        (work / planned(INTEGRAL_NAMES[0]!).work).toFixed(2).padStart(8),
        ownMb.toFixed(0).padStart(8),
        memoryMb.toFixed(0).padStart(8),
      ].join('  ');
    }),
  ];
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
