// Contender: this project's training step.
import { Optimizer, sgd, startingState } from '../../src/trainer/optimizer/index.js';
import { describeRuntime, upload } from '../../src/trainer/runtime/index.js';
import { classificationObjective, partStep, Stopwatch, trainLoop } from '../../src/trainer/training/index.js';
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
  await trainLoop(
    {
      steps: { start: 0, end: 1 },
      batchAt: () => batch,
      learningRateAt: () => LEARNING_RATE,
      onReport: (report) => {
        loss = report.loss ?? Number.NaN;
      },
      betweenSteps: async () => undefined,
      stopwatch,
    },
    partStep({
      part: { stage: null, layers, auxiliary: null },
      seed: 1,
      precision: givenPrecision(),
      objective: classificationObjective(0),
      optimizer,
      onInputGradient: null,
    }),
  );
  return loss;
}

await serveSteps(`TensorFlow ${describeRuntime().tensorflow}`, base, step);
