// Contender: this project's training step.
import { Optimizer, sgd, startingState } from '../../src/trainer/optimizer/index.js';
import { describeRuntime, upload } from '../../src/trainer/runtime/index.js';
import { classificationObjective, Stopwatch, trainSteps } from '../../src/trainer/training/index.js';
import { peakMb, serveSteps } from './serve.js';
import { givenPrecision, givenWorkload, LEARNING_RATE, labels, MOMENTUM, randomImages } from './workload.js';

const base = peakMb();
const { layers, parameters, batch: count, shape } = givenWorkload();
const labelValues = labels(count);
const batch = {
  images: upload(randomImages(shape), shape),
  labels: upload(labelValues, [count]),
  labelValues,
  // One batch for every step.
  dispose: () => undefined,
};
const rule = sgd({ momentum: MOMENTUM, nesterov: false });
const optimizer = new Optimizer(parameters, startingState(parameters, 1, rule), {
  rule,
  weightDecayOf: () => 0,
});
const stopwatch = new Stopwatch(() => performance.now());

/** A range of one step reads its loss back, as `trainOnBatch` does, and two norms besides. */
async function step(): Promise<number> {
  let loss = Number.NaN;
  await trainSteps({
    part: { stage: null, layers, auxiliary: null },
    steps: { start: 0, end: 1 },
    seed: 1,
    precision: givenPrecision(),
    batchAt: () => batch,
    objective: classificationObjective(0),
    optimizer,
    learningRateAt: () => LEARNING_RATE,
    onInputGradient: null,
    onReport: (report) => {
      loss = report.loss;
    },
    breathe: async () => undefined,
    stopwatch,
  });
  return loss;
}

await serveSteps(`TensorFlow ${describeRuntime().tensorflow}`, base, step);
