import { inPercent, type JobRun, jobOf, meanOf, trainJob } from './jobs.js';

const STAGES = 4;
/** Six blocks. */
const DEPTH = 14;
const REACHES = [1, 2, STAGES] as const;

export interface ReachRun extends JobRun {
  /** Null for back-propagation in one stage. */
  readonly reach: number | null;
  readonly seed: number;
}

/** Local heads in four stages with each reach, and back-propagation. */
export async function runReaches(seeds: readonly number[], say: (line: string) => void): Promise<ReachRun[]> {
  const runs: ReachRun[] = [];
  for (const seed of seeds) {
    for (const reach of [...REACHES, null]) {
      const method =
        reach === null
          ? ({ type: 'backprop' } as const)
          : ({ type: 'local-heads', stages: STAGES, reach } as const);
      const run = { reach, seed, ...(await trainJob(jobOf(DEPTH, method, seed))) };
      runs.push(run);
      say(`… reach ${reach ?? '-'}, seed ${seed}: ${run.after.toFixed(3)}`);
    }
  }
  return runs;
}

export function reachLines(runs: readonly ReachRun[]): string[] {
  const of = (reach: number | null) => runs.filter((run) => run.reach === reach);
  const mean = (reach: number | null, field: 'slowestMs' | 'togetherMs') =>
    meanOf(of(reach).map((run) => run[field] ?? 0));
  const row = (reach: number | null) => {
    const before = of(reach).flatMap((run) => run.before ?? []);
    const times = (field: 'slowestMs' | 'togetherMs') =>
      reach === null ? '' : (mean(reach, field) / mean(1, field)).toFixed(2);
    return [
      reach === null ? 'backprop' : `local-heads, reach ${reach}`,
      before.length > 0 ? inPercent(before) : '',
      inPercent(of(reach).map(({ after }) => after)),
      times('slowestMs'),
      times('togetherMs'),
    ].join(' | ');
  };
  return [
    `| ResNet-${DEPTH} of width 4, K=${STAGES} | before end to end | after | slowest stage, x reach 1 | all stages, x reach 1 |`,
    '|---|---|---|---|---|',
    ...[...REACHES, null].map((reach) => `| ${row(reach)} |`),
  ];
}
