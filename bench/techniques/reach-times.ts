import type { DatasetFacts, ResolvedSpec } from '../../src/contract/spec.js';
import { describeRun } from '../../src/method/index.js';
import type { Shape, StageDescription } from '../../src/network/index.js';
import {
  costsByRates,
  ESTIMATED_RATES,
  NOTHING_FROZEN,
  stageCosts,
  stageSeconds,
} from '../../src/planning/costs/index.js';
import { Optimizer, settingsOfJob, startingState } from '../../src/trainer/optimizer/index.js';
import { upload } from '../../src/trainer/runtime/index.js';
import { stageParameters } from '../../src/trainer/tasks/inputs/stage-parameters.js';
import {
  classificationObjective,
  headObjective,
  partStep,
  Stopwatch,
} from '../../src/trainer/training/index.js';
import { resolved } from '../../test/jobs/support/specs.js';
import { WHOLE_MNIST } from '../../test/trainer/support/small-mnist.js';
import { labels, randomImages } from '../step/workload.js';

const BATCH = 64;
const STAGES = 4;
/** The first one warms up. */
const STEPS = 25;
const COLORED: DatasetFacts = { ...WHOLE_MNIST, image: { height: 32, width: 32, channels: 3 } };

/** A step of each stage, in milliseconds by measurement, and in seconds by a plan's estimates. */
export interface ReachTimes {
  readonly reach: number;
  readonly milliseconds: readonly number[];
  readonly planned: readonly number[];
}

/**
 * The quickest step of each stage of ResNet-20 with each reach: steps are made in turn, and other work on the machine makes
 * all others longer.
 */
export async function timeReaches(reaches: readonly number[]): Promise<ReachTimes[]> {
  const contenders = reaches.map((reach) => {
    const spec = resolved({
      ...{ batch_size: BATCH, exports: [] },
      model: { family: 'resnet', depth: 20, width: 16 },
      method: { type: 'local-heads', stages: STAGES, reach },
    });
    const { stages } = describeRun(spec, COLORED);
    return {
      reach,
      spec,
      stages,
      step: stages.map((stage) => stepOf(spec, stage)),
      times: stages.map(() => [] as number[]),
    };
  });
  for (let count = 0; count < STEPS; count++) {
    for (const { step, times } of contenders) {
      for (const [stage, make] of step.entries()) {
        const started = performance.now();
        await make(count);
        if (count > 0) times[stage]!.push(performance.now() - started);
      }
    }
  }
  const rates = costsByRates(ESTIMATED_RATES);
  return contenders.map(({ reach, spec, stages, times }) => ({
    reach,
    milliseconds: times.map((own) => Math.min(...own)),
    planned: stageCosts(spec.method, stages, NOTHING_FROZEN).map((cost) =>
      stageSeconds(cost, spec.method, rates, BATCH),
    ),
  }));
}

function stepOf(spec: ResolvedSpec, stage: StageDescription): (step: number) => Promise<unknown> {
  const parameters = stageParameters(stage);
  const settings = settingsOfJob(spec);
  const optimizer = new Optimizer(parameters, startingState(parameters, 1, settings.rule), settings);
  const inputShape = shapeOf(stage.input);
  const pixels = randomImages(inputShape);
  const images = upload(pixels, inputShape);
  const labelValues = labels(BATCH);
  const batch = { images, labels: upload(labelValues, [BATCH]), labelValues, dispose: () => undefined };
  const trained = partStep({
    part: { stage: stage.index, layers: stage.layers, auxiliary: null },
    seed: 1,
    objective: stage.head ? headObjective(stage.head, 0) : classificationObjective(0),
    optimizer,
    inputAt: stage.index === 0 ? null : () => upload(pixels, inputShape),
    onInputGradient: null,
  });
  const stopwatch = new Stopwatch(() => performance.now());
  return async (step) => trained.update({ batch, step, learningRate: 0.01, stopwatch, reports: true });
}

const shapeOf = ({ height, width, channels }: Shape) => [BATCH, height, width, channels];

/** The slowest stage, and all stages together, as multiples of those with the first reach. */
export function timeLines(times: readonly ReachTimes[]): string[] {
  const [own] = times;
  const largest = (values: readonly number[]) => Math.max(...values);
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
  const ratio = (
    of: (values: readonly number[]) => number,
    field: 'milliseconds' | 'planned',
    row: ReachTimes,
  ) => (of(row[field]) / of(own![field])).toFixed(2);
  return [
    `| ResNet-20, batch ${BATCH}, K=${STAGES} | slowest stage, x reach 1 | a plan says | all stages, x reach 1 | a plan says |`,
    '|---|---|---|---|---|',
    ...times.map(
      (row) =>
        `| reach ${row.reach} | ${ratio(largest, 'milliseconds', row)} | ${ratio(largest, 'planned', row)} | ` +
        `${ratio(sum, 'milliseconds', row)} | ${ratio(sum, 'planned', row)} |`,
    ),
  ];
}
