import { accuracyTable, jobOf, type NamedRun, SETTING, trainAll } from './jobs.js';

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

export type ReachRun = NamedRun<(typeof CONTENDERS)[number]['name']>;

/** Local heads in four stages with each reach, and back-propagation. */
export function runReaches(seeds: readonly number[], say: (line: string) => void): Promise<ReachRun[]> {
  const methodOf = (reach: number | null) =>
    reach === null
      ? ({ type: 'backprop' } as const)
      : ({ type: 'local-heads', stages: STAGES, reach } as const);
  return trainAll(
    CONTENDERS,
    ({ reach, epochs }, seed) => jobOf(DEPTH, methodOf(reach), seed, epochs),
    seeds,
    say,
  );
}

export function reachLines(runs: readonly ReachRun[]): string[] {
  return accuracyTable(`ResNet-${DEPTH} of width ${SETTING.width}, K=${STAGES}`, CONTENDERS, runs);
}
