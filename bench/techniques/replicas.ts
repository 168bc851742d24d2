import { inPercent, type JobRun, jobOf, SETTING, trainJob } from './jobs.js';

const STAGES = 2;
const DEPTH = 14;

/** Devices are stages times replicas: twice the epochs with two replicas take the time of one replica. */
const CONTENDERS = [
  { name: 'one replica', replicas: 1, epochs: SETTING.epochs },
  { name: 'two replicas', replicas: 2, epochs: SETTING.epochs },
  { name: 'two replicas, twice the epochs', replicas: 2, epochs: 2 * SETTING.epochs },
  { name: 'four replicas', replicas: 4, epochs: SETTING.epochs },
  { name: 'four replicas, four times the epochs', replicas: 4, epochs: 4 * SETTING.epochs },
] as const;

export interface ReplicaRun extends JobRun {
  readonly name: (typeof CONTENDERS)[number]['name'];
  readonly seed: number;
}

/** The augmented Lagrangian in two stages, whose steps several replicas share. */
export async function runReplicas(
  seeds: readonly number[],
  say: (line: string) => void,
): Promise<ReplicaRun[]> {
  const runs: ReplicaRun[] = [];
  for (const seed of seeds) {
    for (const { name, replicas, epochs } of CONTENDERS) {
      const run = await trainJob(jobOf(DEPTH, { stages: STAGES, replicas }, seed, epochs));
      runs.push({ name, seed, ...run });
      say(`… ${name}, seed ${seed}: ${run.after.toFixed(3)}`);
    }
  }
  return runs;
}

export function replicaLines(runs: readonly ReplicaRun[]): string[] {
  const row = ({ name }: (typeof CONTENDERS)[number]) => {
    const own = runs.filter((run) => run.name === name);
    const before = inPercent(own.flatMap((run) => run.before ?? []));
    return `| ${name} | ${before} | ${inPercent(own.map((run) => run.after))} |`;
  };
  return [
    `| ResNet-${DEPTH} of width ${SETTING.width}, augmented-lagrangian, K=${STAGES} | before end to end | after |`,
    '|---|---|---|',
    ...CONTENDERS.map(row),
  ];
}
