import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { inPercent, jobOf, trainJob } from './techniques/jobs.js';

const STAGES = 3;
const DEPTH = 8;
const SEEDS = [1, 2, 3];
/** The usual penalty of the augmented Lagrangian where an end-to-end phase follows, a weaker one, and the rule. */
const PENALTIES = ['adaptive', 4, 1] as const;
const SHARES = [0, 0.2] as const;

interface Run {
  readonly penalty: (typeof PENALTIES)[number];
  readonly endToEndShare: number;
  readonly seed: number;
  /** Share of the 10,000 test images, at the end of the job. */
  readonly accuracy: number;
}

export const benchmark: Benchmark = {
  name: 'penalties',
  title:
    'test accuracy on MNIST of the augmented Lagrangian by its penalty, without and with an end-to-end phase',
  run,
};

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const runs: Run[] = [];
  for (const seed of SEEDS) {
    for (const endToEndShare of SHARES) {
      for (const penalty of PENALTIES) {
        const method = { type: 'augmented-lagrangian', stages: STAGES, penalty } as const;
        const job = jobOf(DEPTH, { ...method, end_to_end_share: endToEndShare }, seed);
        const { after: accuracy } = await trainJob(job);
        runs.push({ penalty, endToEndShare, seed, accuracy });
        say(`… ${penalty}, ${endToEndShare} end to end, seed ${seed}: ${accuracy.toFixed(3)}`);
      }
    }
  }
  return { lines: linesOf(runs), figures: { runs } };
}

function linesOf(runs: readonly Run[]): string[] {
  const cell = (penalty: Run['penalty'], share: number) =>
    inPercent(
      runs
        .filter((one) => one.penalty === penalty && one.endToEndShare === share)
        .map(({ accuracy }) => accuracy),
    );
  return [
    `| ResNet-${DEPTH} of width 4, K=${STAGES} | no end-to-end phase | 20 % of the steps end to end |`,
    '|---|---|---|',
    ...PENALTIES.map(
      (penalty) => `| ${penalty} | ${SHARES.map((share) => cell(penalty, share)).join(' | ')} |`,
    ),
  ];
}
