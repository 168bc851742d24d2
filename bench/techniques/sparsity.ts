import type { DatasetFacts } from '../../src/contract/spec.js';
import { describeRun, withShare } from '../../src/method/index.js';
import { parametersOf } from '../../src/network/index.js';
import { median } from '../../src/trainer/median.js';
import { initialValues } from '../../src/trainer/optimizer/index.js';
import { trainPass, uploadWeights } from '../../src/trainer/passes/index.js';
import { arena, free, upload } from '../../src/trainer/runtime/index.js';
import { resolved } from '../../test/jobs/support/specs.js';
import { runPlan, withBlobs } from '../../test/trainer/support/run-plan.js';
import { WHOLE_MNIST } from '../../test/trainer/support/small-mnist.js';
import { randomImages } from '../step/workload.js';
import { inPercent, jobOf } from './jobs.js';

const DEPTH = 8;
const STAGES = 2;
/** The layer-parallel phase has 102 steps in 13 rounds, of which six begin with fewer channels. */
const ROUND_STEPS = 8;
const UNTIL_ROUND = 6;
const WIDTH = 32;

interface Contest {
  readonly name: string;
  /** Hidden channels of the AuxNet at the start. */
  readonly width: number;
  /** Null: every channel stays. */
  readonly keep: number | null;
  readonly regrow: number | null;
}

/** The same AuxNet dense, sparse in the end, with regrowth, and as narrow from the start. */
const CONTESTS: readonly Contest[] = [
  { name: '32 channels', width: WIDTH, keep: null, regrow: null },
  { name: 'keep 0.5', width: WIDTH, keep: 0.5, regrow: 0 },
  { name: 'keep 0.25', width: WIDTH, keep: 0.25, regrow: 0 },
  { name: 'keep 0.25, regrow 0.2', width: WIDTH, keep: 0.25, regrow: 0.2 },
  { name: '8 channels from the start', width: WIDTH / 4, keep: null, regrow: null },
];

/**
 * Processor time of a training pass of the AuxNet with some channels, in milliseconds: forward, and back to its weights. The
 * median of all passes.
 */
export interface AuxiliaryTime {
  readonly channels: number;
  readonly milliseconds: number;
}

/** The first passes warm up. */
const PASSES = 80;

/** A network whose AuxNet computes more than it costs to start its kernels. */
const TIMED: DatasetFacts = { ...WHOLE_MNIST, image: { height: 32, width: 32, channels: 3 } };
const TIMED_BATCH = 64;

/** Passes in turn, so that the load of the machine is the same for all. */
export function timeAuxiliaries(): AuxiliaryTime[] {
  const spec = resolved({
    ...{ batch_size: TIMED_BATCH, model: { family: 'resnet', depth: 20, width: 16 } },
    method: { stages: STAGES, auxiliary: { width: WIDTH } },
  });
  const dense = describeRun(spec, TIMED).stages[STAGES - 1]!;
  const { height, width, channels } = TIMED.image;
  const shape = [TIMED_BATCH, height, width, channels];
  const images = upload(randomImages(shape), shape);
  const contenders = [1, 0.5, 0.25].map((kept) => {
    const layers = withShare(dense, kept).auxiliary!;
    const parameters = parametersOf(layers);
    const weights = uploadWeights(parameters, initialValues(parameters, 1));
    return { channels: kept * WIDTH, layers, weights, times: [] as number[] };
  });
  for (let pass = 0; pass < PASSES; pass++) {
    for (const { layers, weights, times } of contenders) {
      const started = process.cpuUsage();
      arena(() => {
        const trained = trainPass(layers, images, { weights, gradients: new Map() }, false);
        trained.pullback(trained.output);
        return [];
      });
      const { user, system } = process.cpuUsage(started);
      if (pass > PASSES / 4) times.push((user + system) / 1000);
    }
  }
  free(images, ...contenders.flatMap(({ weights }) => [...weights.values()]));
  return contenders.map((each) => ({ channels: each.channels, milliseconds: median(each.times) }));
}

export function auxiliaryLines(times: readonly AuxiliaryTime[]): string[] {
  return [
    `| ResNet-20, batch ${TIMED_BATCH}, K=${STAGES}: channels of the AuxNet | ms a pass | x first |`,
    '|---|---|---|',
    ...times.map(
      ({ channels, milliseconds }) =>
        `| ${channels} | ${milliseconds.toFixed(2)} | ${(milliseconds / times[0]!.milliseconds).toFixed(2)} |`,
    ),
  ];
}

export interface SparsityRun {
  readonly name: string;
  readonly seed: number;
  /** Shares of the 10,000 test images: before the end-to-end phase, after it, and of the compact network. */
  readonly before: number;
  readonly after: number;
  readonly compact: number;
  /** `fidelity` of stage 0, whose loss is about what the AuxNet makes, at the end of the layer-parallel phase. */
  readonly fidelity: number;
  /** Milliseconds of the AuxNet in a step, forward and back, the mean of all rounds, and of the quickest one. */
  readonly milliseconds: number;
  readonly quickest: number;
}

export async function runSparsities(
  seeds: readonly number[],
  say: (line: string) => void,
): Promise<SparsityRun[]> {
  const runs: SparsityRun[] = [];
  for (const seed of seeds) {
    for (const contest of CONTESTS) {
      const run = await trained(contest, seed);
      runs.push(run);
      say(
        `… AuxNet, ${run.name}, seed ${seed}: ${run.after.toFixed(3)}, fidelity ${run.fidelity.toFixed(2)}`,
      );
    }
  }
  return runs;
}

async function trained({ name, width, keep, regrow }: Contest, seed: number): Promise<SparsityRun> {
  const sparsity = { keep, regrow, until_round: keep === null ? null : UNTIL_ROUND };
  const method = { stages: STAGES, round_steps: ROUND_STEPS, auxiliary: { width }, sparsity };
  const spec = jobOf(DEPTH, { type: 'augmented-lagrangian', ...method }, seed);
  return await withBlobs(async (blobs) => {
    const { successes } = await runPlan(spec, blobs, undefined, undefined, WHOLE_MNIST);
    const last = [...successes].filter(([key]) => key.startsWith('evaluate')).at(-1)![1].result;
    const { result } = successes.get('finalize')!;
    const rounds = [...successes].filter(([key]) => key.startsWith(`stage-${STAGES - 1}-`));
    const times = rounds.map(([, { seconds }]) => seconds.auxiliary_forward! + seconds.auxiliary_backward!);
    return {
      ...{ name, seed, before: last.test_accuracy!, after: result.test_accuracy! },
      compact: result.compact_accuracy!,
      fidelity: last.fidelity_0!,
      milliseconds: (1000 * times.reduce((sum, time) => sum + time, 0)) / (times.length * ROUND_STEPS),
      // The last round is shorter than the others.
      quickest: (1000 * Math.min(...times.slice(0, -1))) / ROUND_STEPS,
    };
  });
}

export function sparsityLines(runs: readonly SparsityRun[]): string[] {
  const of = (contest: string, figure: (run: SparsityRun) => number) =>
    runs.filter(({ name }) => name === contest).map(figure);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const dense = CONTESTS[0]!.name;
  const ratio = (name: string, figure: (run: SparsityRun) => number) =>
    (mean(of(name, figure)) / mean(of(dense, figure))).toFixed(2);
  return [
    `| ResNet-${DEPTH} of width 4, K=${STAGES}, AuxNet | its time, all rounds | quickest round | fidelity of stage 0 | before end to end | after | compact network |`,
    '|---|---|---|---|---|---|---|',
    ...CONTESTS.map(({ name }) => {
      const times = [ratio(name, (run) => run.milliseconds), ratio(name, (run) => run.quickest)];
      const fidelities = of(name, (run) => run.fidelity);
      const fidelity = fidelities.map((value) => value.toFixed(2)).join(', ');
      const shares = [
        of(name, (run) => run.before),
        of(name, (run) => run.after),
        of(name, (run) => run.compact),
      ];
      return `| ${[name, ...times, fidelity, ...shares.map(inPercent)].join(' | ')} |`;
    }),
  ];
}
