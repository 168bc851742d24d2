import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeStages, parametersOf } from '../../../src/network/index.js';
import { TrainerError } from '../../../src/trainer/errors.js';
import { Optimizer, sgd, startingSlots } from '../../../src/trainer/optimizer/index.js';
import { type Tensor, upload } from '../../../src/trainer/runtime/index.js';
import {
  classificationObjective,
  type LocalLoss,
  type LocalObjective,
  partStep,
  type StepReport,
  Stopwatch,
  trainLoop,
} from '../../../src/trainer/training/index.js';
import {
  LABELS,
  perturbedValues,
  randomFeatures,
  smallNetwork,
  uploadFeatures,
  uploadLabels,
} from '../support/small-network.js';

interface Run {
  readonly reports: StepReport[];
  readonly stopwatch: Stopwatch;
}

/** Three steps of the last of two stages, on the same small batch. */
async function trainLastStage(objective: LocalObjective, learningRate = 0.1): Promise<Run> {
  const stage = describeStages(smallNetwork('resnet').network, [1, 2], 0.1)[1]!;
  const layers = [...stage.layers, ...stage.auxiliary!];
  const parameters = parametersOf(layers);
  const rule = sgd({ momentum: 0.9, nesterov: false });
  const state = { weights: perturbedValues(layers), slots: startingSlots(parameters, rule) };
  const optimizer = new Optimizer(parameters, state, { rule, weightDecayOf: () => 0 });
  const run: Run = { reports: [], stopwatch: new Stopwatch(() => performance.now()) };
  try {
    await trainLoop(
      {
        steps: { start: 40, end: 43 },
        batchAt: () => ({
          images: uploadFeatures(randomFeatures(1)),
          labels: uploadLabels(),
          labelValues: Int32Array.from(LABELS),
          dispose: () => {},
        }),
        learningRateAt: () => learningRate,
        onReport: (report) => run.reports.push(report),
        betweenSteps: async () => {},
        stopwatch: run.stopwatch,
      },
      partStep({
        part: { stage: stage.index, layers: stage.layers, auxiliary: stage.auxiliary },
        seed: 1,
        objective,
        optimizer,
        onInputGradient: () => {},
      }),
    );
  } finally {
    optimizer.dispose();
  }
  return run;
}

const honest = classificationObjective(0);

test('the first and the last step of a task are reported, with loss and norms', async () => {
  const { reports } = await trainLastStage(honest);
  assert.deepEqual(
    reports.map(({ step }) => step),
    [40, 42],
  );
  for (const { loss, norms, violation } of reports) {
    assert.ok(loss !== null && loss > 0 && norms.gradient > 0 && norms.weights > 0);
    assert.equal(violation, null);
  }
});

test('seconds have the parts of equation 27 and what surrounds them', async () => {
  const { stopwatch } = await trainLastStage(honest);
  assert.deepEqual(Object.keys(stopwatch.seconds).sort(), [
    'auxiliary_backward',
    'auxiliary_forward',
    'backward',
    'data',
    'forward',
    'loss',
    'optimizer',
    'report',
    'spool',
  ]);
});

/** Objectives that are right but for one number. */
function spoilt(change: (local: LocalLoss, logits: Tensor) => LocalLoss): LocalObjective {
  return (logits, at, training) => change(honest(logits, at, training), logits);
}

/** By the tensor that is named. The dense layer's gradient is computed first, so an infinite cotangent shows there first. */
const SPOILT: Record<string, [objective: LocalObjective, learningRate: number]> = {
  loss: [spoilt((local) => ({ ...local, measure: () => ({ loss: Number.NaN, violation: null }) })), 0.1],
  'gradient of head/dense/kernel': [
    spoilt((local, { shape }) => ({
      ...local,
      cotangent: upload(new Float32Array(shape[0]! * shape[1]!).fill(Number.POSITIVE_INFINITY), shape),
    })),
    0.1,
  ],
  'weights of block1/conv1/kernel': [honest, 1e38],
};

for (const [tensor, [objective, learningRate]] of Object.entries(SPOILT)) {
  test(`${tensor} that is not finite stops the task, named with stage and step`, async () => {
    await assert.rejects(trainLastStage(objective, learningRate), (error) => {
      assert.ok(error instanceof TrainerError);
      assert.equal(error.code, 'non_finite_loss');
      assert.match(error.message, new RegExp(`^in stage 1 the ${tensor} was not finite at step 40;`));
      assert.deepEqual(error.at, { stage: 1, step: 40, tensor });
      return true;
    });
  });
}
