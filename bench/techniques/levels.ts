import type { ResolvedSpec } from '../../src/contract/spec.js';
import type { BlobUri } from '../../src/contract/trainer-protocol.js';
import { partsOfRun } from '../../src/method/index.js';
import { wholeNetwork, work } from '../../src/network/index.js';
import type { BlobStore } from '../../src/storage/blob-store.js';
import { runPlan, withBlobs } from '../../test/trainer/support/run-plan.js';
import { WHOLE_MNIST } from '../../test/trainer/support/small-mnist.js';
import { inPercent, jobOf, SETTING } from './jobs.js';

interface Job {
  readonly depth: number;
  readonly epochs: number;
  /** The share of the layer-parallel steps of each level within the job but the last. Absent: one level. */
  readonly shares?: readonly number[];
}

interface Contender {
  readonly name: string;
  /** Stages of the augmented Lagrangian. Absent: back-propagation. */
  readonly stages?: number;
  readonly jobs: readonly Job[];
}

/** Jobs that follow each other, each refining the network of the one before it, and jobs with levels, of about as much work. */
const CONTENDERS = [
  { name: 'from chance', jobs: [{ depth: 26, epochs: 4 }] },
  {
    name: 'two levels, a job each',
    jobs: [
      { depth: 14, epochs: 4 },
      { depth: 26, epochs: 2 },
    ],
  },
  { name: 'two levels, one job', jobs: [{ depth: 26, epochs: 6, shares: [2 / 3] }] },
  {
    name: 'three levels, a job each',
    jobs: [
      { depth: 8, epochs: 4 },
      { depth: 14, epochs: 2 },
      { depth: 26, epochs: 2 },
    ],
  },
  { name: 'three levels, one job', jobs: [{ depth: 26, epochs: 8, shares: [1 / 2, 1 / 4] }] },
  { name: 'augmented Lagrangian, K=2, from chance', stages: 2, jobs: [{ depth: 26, epochs: 4 }] },
  {
    name: 'augmented Lagrangian, K=2, two levels, one job',
    stages: 2,
    jobs: [{ depth: 26, epochs: 6, shares: [3 / 4] }],
  },
  // Eighteen blocks a group can be halved once: depth 56, with nine, has no half.
  { name: 'ResNet-110, from chance', jobs: [{ depth: 110, epochs: 4 }] },
  { name: 'ResNet-110, two levels, one job', jobs: [{ depth: 110, epochs: 6, shares: [2 / 3] }] },
  {
    name: 'ResNet-110, augmented Lagrangian, K=2, from chance',
    stages: 2,
    jobs: [{ depth: 110, epochs: 4 }],
  },
  {
    name: 'ResNet-110, augmented Lagrangian, K=2, two levels, one job',
    stages: 2,
    jobs: [{ depth: 110, epochs: 6, shares: [3 / 4] }],
  },
] as const satisfies readonly Contender[];

export interface LevelsRun {
  readonly name: (typeof CONTENDERS)[number]['name'];
  readonly seed: number;
  /** Operations of its steps, as a multiple of those of the first contender of the same depth. */
  readonly work: number;
  /** Time of all its tasks, with the evaluation of 10,000 images that ends each job. */
  readonly seconds: number;
  readonly accuracy: number;
}

/** Networks of 12 and of 54 blocks trained from chance, and grown from shallower ones. @param wanted which contenders train */
export async function runLevels(
  seeds: readonly number[],
  say: (line: string) => void,
  wanted: (name: LevelsRun['name']) => boolean = () => true,
): Promise<LevelsRun[]> {
  const runs: LevelsRun[] = [];
  for (const seed of seeds) {
    for (const contender of CONTENDERS.filter(({ name }) => wanted(name))) {
      const { name } = contender;
      const started = performance.now();
      const accuracy = await withBlobs((blobs) => train(contender, seed, blobs));
      const seconds = (performance.now() - started) / 1000;
      runs.push({ name, seed, work: workOf(contender) / workOf(firstLike(contender)), seconds, accuracy });
      say(`… ${name}, seed ${seed}: ${accuracy.toFixed(3)} in ${seconds.toFixed(0)} s`);
    }
  }
  return runs;
}

const depthOf = ({ jobs }: Contender) => jobs.at(-1)?.depth;

const firstLike = (contender: Contender): Contender =>
  CONTENDERS.find((other) => depthOf(other) === depthOf(contender)) ?? contender;

function specOf({ stages = 1 }: Contender, { depth, epochs, shares = [] }: Job, seed: number): ResolvedSpec {
  const levels = { count: shares.length + 1, shares: shares.length > 0 ? [...shares] : null };
  const method =
    stages === 1 ? ({ type: 'backprop' } as const) : ({ type: 'augmented-lagrangian', stages } as const);
  return jobOf(depth, { ...method, levels }, seed, epochs);
}

async function train(contender: Contender, seed: number, blobs: BlobStore): Promise<number> {
  let state: BlobUri | null = null;
  let accuracy = 0;
  for (const job of contender.jobs) {
    const chance = specOf(contender, job, seed);
    const start = { checkpoint: 'the level before', model: null, weights: null, refine: true } as const;
    const initFrom = state && { ...start, head: 'keep' as const, statistics: 'auto' as const };
    const initial = state === null ? [] : [state];
    const { successes } = await runPlan(
      { ...chance, init_from: initFrom },
      blobs,
      undefined,
      undefined,
      WHOLE_MNIST,
      initial,
    );
    state = [...successes].findLast(([key]) => key.startsWith('stage'))?.[1].outputs.state?.uri ?? null;
    accuracy = successes.get('finalize')!.result.test_accuracy!;
  }
  return accuracy;
}

/** Multiply-adds of the network in all steps, as a number to compare: AuxNets and couplings are left out. */
function workOf(contender: Contender): number {
  const parts = contender.jobs.flatMap((job) =>
    partsOfRun(specOf(contender, job, 1), WHOLE_MNIST).map(
      ({ run, share }) => share * job.epochs * work(wholeNetwork(run.network)),
    ),
  );
  return parts.reduce((sum, part) => sum + part, 0);
}

export function levelsLines(runs: readonly LevelsRun[]): string[] {
  const trainedAs = ({ depth, epochs, shares }: Job) =>
    `${depth} for ${epochs}${shares ? `, shares ${shares.map((share) => share.toFixed(2)).join(' and ')}` : ''}`;
  const row = ({ name, jobs }: Contender) => {
    const own = runs.filter((run) => run.name === name);
    const accuracy = inPercent(own.map((run) => run.accuracy));
    const seconds = own.reduce((sum, run) => sum + run.seconds, 0) / own.length;
    const trained = jobs.map(trainedAs).join(', ');
    return `| ${name} | ${trained} | ${own[0]?.work.toFixed(2)} | ${seconds.toFixed(0)} | ${accuracy} |`;
  };
  return [
    `| ResNet of width ${SETTING.width} | depth for epochs | operations | seconds | accuracy |`,
    '|---|---|---|---|---|',
    ...CONTENDERS.map(row),
  ];
}
