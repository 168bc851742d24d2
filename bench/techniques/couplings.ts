import { accuracyCells, type JobRun, jobOf, trainJob } from './jobs.js';

const STAGES = 3;
const DEPTH = 8;
/** The default penalties are 6 and 4. */
const METHODS = {
  penalty: { type: 'penalty' },
  'penalty, beta 3': { type: 'penalty', penalty: 3 },
  'augmented-lagrangian': { type: 'augmented-lagrangian' },
} as const;
type Name = keyof typeof METHODS;
const NAMES = Object.keys(METHODS) as Name[];
const COUPLINGS = ['squared', 'bregman-relu'] as const;

export interface CouplingRun extends JobRun {
  readonly method: Name;
  readonly coupling: (typeof COUPLINGS)[number];
  readonly seed: number;
}

/** Both methods that have a choice of coupling, with each. */
export async function runCouplings(
  seeds: readonly number[],
  say: (line: string) => void,
): Promise<CouplingRun[]> {
  const runs: CouplingRun[] = [];
  for (const seed of seeds) {
    for (const method of NAMES) {
      for (const coupling of COUPLINGS) {
        const run = await trainJob(jobOf(DEPTH, { ...METHODS[method], coupling, stages: STAGES }, seed));
        runs.push({ method, coupling, seed, ...run });
        say(`… ${method}, ${coupling}, seed ${seed}: ${run.after.toFixed(3)}`);
      }
    }
  }
  return runs;
}

export function couplingLines(runs: readonly CouplingRun[]): string[] {
  const rows = NAMES.flatMap((method) => COUPLINGS.map((coupling) => ({ method, coupling })));
  const of = (row: (typeof rows)[number]) =>
    runs.filter(({ method, coupling }) => method === row.method && coupling === row.coupling);
  return [
    `| ResNet-${DEPTH} of width 4, K=${STAGES} | before end to end | after |`,
    '|---|---|---|',
    ...rows.map((row) => `| ${row.method}, ${row.coupling} | ${accuracyCells(of(row))} |`),
  ];
}
