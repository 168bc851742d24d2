import type { BlobUri } from '../../src/contract/trainer-protocol.js';
import { describeRun } from '../../src/method/index.js';
import { wholeNetwork, work } from '../../src/network/index.js';
import type { BlobStore } from '../../src/storage/blob-store.js';
import { runPlan, withBlobs } from '../../test/trainer/support/run-plan.js';
import { WHOLE_MNIST } from '../../test/trainer/support/small-mnist.js';
import { inPercent, jobOf, SETTING } from './jobs.js';

interface Level {
  readonly depth: number;
  readonly epochs: number;
}

/** Jobs that follow each other, each refining the network of the one before it. All contenders compute about as much. */
const CONTENDERS = [
  { name: 'from chance', levels: [{ depth: 26, epochs: 4 }] },
  {
    name: 'two levels',
    levels: [
      { depth: 14, epochs: 4 },
      { depth: 26, epochs: 2 },
    ],
  },
  {
    name: 'three levels',
    levels: [
      { depth: 8, epochs: 4 },
      { depth: 14, epochs: 2 },
      { depth: 26, epochs: 2 },
    ],
  },
] as const satisfies readonly { readonly name: string; readonly levels: readonly Level[] }[];

export interface LevelsRun {
  readonly name: (typeof CONTENDERS)[number]['name'];
  readonly seed: number;
  /** Operations of its steps, as a multiple of those of the first contender. */
  readonly work: number;
  readonly seconds: number;
  readonly accuracy: number;
}

/** A network of 12 blocks trained from chance, and grown from one of 6 or of 3, by back-propagation. */
export async function runLevels(seeds: readonly number[], say: (line: string) => void): Promise<LevelsRun[]> {
  const runs: LevelsRun[] = [];
  const unit = workOf(CONTENDERS[0].levels);
  for (const seed of seeds) {
    for (const { name, levels } of CONTENDERS) {
      const started = performance.now();
      const accuracy = await withBlobs((blobs) => train(levels, seed, blobs));
      const seconds = (performance.now() - started) / 1000;
      runs.push({ name, seed, work: workOf(levels) / unit, seconds, accuracy });
      say(`… ${name}, seed ${seed}: ${accuracy.toFixed(3)} in ${seconds.toFixed(0)} s`);
    }
  }
  return runs;
}

async function train(levels: readonly Level[], seed: number, blobs: BlobStore): Promise<number> {
  let state: BlobUri | null = null;
  let accuracy = 0;
  for (const { depth, epochs } of levels) {
    const chance = jobOf(depth, { type: 'backprop' }, seed, epochs);
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

function workOf(levels: readonly Level[]): number {
  const of = ({ depth, epochs }: Level) =>
    epochs * work(wholeNetwork(describeRun(jobOf(depth, { type: 'backprop' }, 1), WHOLE_MNIST).network));
  return levels.reduce((sum, level) => sum + of(level), 0);
}

export function levelsLines(runs: readonly LevelsRun[]): string[] {
  const row = ({ name, levels }: (typeof CONTENDERS)[number]) => {
    const own = runs.filter((run) => run.name === name);
    const trained = levels.map(({ depth, epochs }) => `${depth} for ${epochs}`).join(', ');
    const accuracy = inPercent(own.map((run) => run.accuracy));
    return `| ${name} | ${trained} | ${own[0]?.work.toFixed(2)} | ${accuracy} |`;
  };
  return [
    `| ResNet of width ${SETTING.width} | depth for epochs | operations | accuracy |`,
    '|---|---|---|---|',
    ...CONTENDERS.map(row),
  ];
}
