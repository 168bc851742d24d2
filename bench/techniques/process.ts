// Trains steps of ResNet-20 by one optimizer, with batches in parts: bench/techniques.bench.ts. BENCH_OPTIMIZER is the
// optimizer, BENCH_PARTS the number of parts of a batch.
import { Optimizer, startingState } from '../../src/trainer/optimizer/index.js';
import { describeRuntime, upload } from '../../src/trainer/runtime/index.js';
import { classificationObjective, partStep, Stopwatch } from '../../src/trainer/training/index.js';
import { peakMb, serveSteps } from '../step/serve.js';
import { givenWorkload, LEARNING_RATE, labels, randomImages } from '../step/workload.js';
import { isOptimizer, SETTINGS } from './optimizers.js';

const name = process.env.BENCH_OPTIMIZER;
if (!isOptimizer(name)) throw new Error(`BENCH_OPTIMIZER is ${name}: no optimizer`);
const version = describeRuntime().tensorflow;
const base = peakMb();
const { batch, layers, parameters, shape } = givenWorkload();
const settings = SETTINGS[name];
const optimizer = new Optimizer(parameters, startingState(parameters, 1, settings.rule), settings);
const labelValues = labels(batch);
const images = upload(randomImages(shape), shape);
const targets = upload(labelValues, [batch]);
const trained = partStep({
  part: { stage: null, layers, auxiliary: null },
  seed: 1,
  parts: Number(process.env.BENCH_PARTS),
  objective: classificationObjective(0),
  optimizer,
  onInputGradient: null,
});
const stopwatch = new Stopwatch(() => performance.now());
let step = 0;

await serveSteps(version, base, async () => {
  const [report] = await trained.update({
    batch: { images, labels: targets, labelValues, dispose: () => undefined },
    ...{ step: step++, learningRate: LEARNING_RATE, stopwatch, reports: true },
  });
  return report?.loss ?? Number.NaN;
});
