import { inPercent, type JobRun, jobOf, SETTING, trainJob } from './jobs.js';

const STAGES = 4;
/** Six blocks. */
const DEPTH = 14;
export const REACHES = [1, 2, STAGES] as const;

/** Reach 1 for twice the epochs takes as long on four devices as reach 2. */
const CONTENDERS = [
  { name: 'local-heads, reach 1', reach: 1, epochs: SETTING.epochs },
  { name: 'local-heads, reach 1, twice the epochs', reach: 1, epochs: 2 * SETTING.epochs },
  { name: 'local-heads, reach 2', reach: 2, epochs: SETTING.epochs },
  { name: `local-heads, reach ${STAGES}`, reach: STAGES, epochs: SETTING.epochs },
  { name: 'backprop', reach: null, epochs: SETTING.epochs },
] as const;

export interface ReachRun extends JobRun {
  readonly name: (typeof CONTENDERS)[number]['name'];
  readonly seed: number;
}

/** Local heads in four stages with each reach, and back-propagation. */
export async function runReaches(seeds: readonly number[], say: (line: string) => void): Promise<ReachRun[]> {
  const runs: ReachRun[] = [];
  for (const seed of seeds) {
    for (const { name, reach, epochs } of CONTENDERS) {
      const method =
        reach === null
          ? ({ type: 'backprop' } as const)
          : ({ type: 'local-heads', stages: STAGES, reach } as const);
      const run = await trainJob(jobOf(DEPTH, method, seed, epochs));
      runs.push({ name, seed, ...run });
      say(`… ${name}, seed ${seed}: ${run.after.toFixed(3)}`);
    }
  }
  return runs;
}

export function reachLines(runs: readonly ReachRun[]): string[] {
  const row = ({ name }: (typeof CONTENDERS)[number]) => {
    const own = runs.filter((run) => run.name === name);
    const before = own.flatMap((run) => run.before ?? []);
    const after = inPercent(own.map((run) => run.after));
    return `| ${name} | ${before.length > 0 ? inPercent(before) : ''} | ${after} |`;
  };
  return [
    `| ResNet-${DEPTH} of width ${SETTING.width}, K=${STAGES} | before end to end | after |`,
    '|---|---|---|',
    ...CONTENDERS.map(row),
  ];
}
