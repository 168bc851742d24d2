import { accuracyTable, jobOf, type NamedRun, SETTING, trainAll } from './jobs.js';

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

export type ReplicaRun = NamedRun<(typeof CONTENDERS)[number]['name']>;

/** The augmented Lagrangian in two stages, whose steps several replicas share. */
export function runReplicas(seeds: readonly number[], say: (line: string) => void): Promise<ReplicaRun[]> {
  return trainAll(
    CONTENDERS,
    ({ replicas, epochs }, seed) => jobOf(DEPTH, { stages: STAGES, replicas }, seed, epochs),
    seeds,
    say,
  );
}

export function replicaLines(runs: readonly ReplicaRun[]): string[] {
  const title = `ResNet-${DEPTH} of width ${SETTING.width}, augmented-lagrangian, K=${STAGES}`;
  return accuracyTable(title, CONTENDERS, runs);
}
