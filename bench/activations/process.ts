// Trains some blocks of a network for a few steps: BENCH_TRIAL, as JSON (network.ts). Prints the processor time of a step
// and the peak of the resident memory above that of a process that has run every kernel.
import { parametersOf, sizeOf, wholeNetwork } from '../../src/network/index.js';
import { Optimizer, startingState } from '../../src/trainer/optimizer/index.js';
import { freeUploaded, upload } from '../../src/trainer/runtime/index.js';
import { classificationObjective, partStep, Stopwatch } from '../../src/trainer/training/index.js';
import { peakMb } from '../step/serve.js';
import { labels, randomImages } from '../step/workload.js';
import { SETTINGS } from '../techniques/optimizers.js';
import { networkOf, type Trial } from './network.js';

const trial = JSON.parse(process.env.BENCH_TRIAL ?? 'null') as Trial;
const stopwatch = new Stopwatch(() => performance.now());

function trainer({ batch, parts, memory, ...trained }: Trial): (step: number) => Promise<void> {
  const network = networkOf(trained);
  const layers = wholeNetwork(network);
  const parameters = parametersOf(layers);
  const settings = SETTINGS[trained.optimizer];
  const optimizer = new Optimizer(parameters, startingState(parameters, 1, settings.rule), settings);
  const { height, width, channels } = network.image;
  const labelValues = labels(batch);
  const images = upload(randomImages([batch, height, width, channels]), [batch, height, width, channels]);
  const truth = upload(labelValues, [batch]);
  const made = partStep({
    part: { stage: null, layers, auxiliary: null },
    ...{ seed: 1, parts, memory, optimizer, objective: classificationObjective(0), onInputGradient: null },
  });
  return async (step) => {
    const at = { batch: { images, labels: truth, labelValues, dispose: () => undefined }, step, stopwatch };
    await made.update({ ...at, learningRate: 0.01, reports: true });
  };
}

// The library's pages come as they are used, so each kernel runs once, on a network that needs less than any trial.
await trainer({ ...trial, model: smallest(), blocks: null, batch: 4, parts: 1 })(0);
const base = peakMb();
const step = trainer(trial);
const parameters = parametersOf(wholeNetwork(networkOf(trial)));
freeUploaded(2 * parameters.reduce((sum, parameter) => sum + sizeOf(parameter), 0));
await step(0);
const before = process.cpuUsage();
for (let made = 1; made < trial.steps; made++) await step(made);
const { user, system } = process.cpuUsage(before);
const milliseconds = trial.steps > 1 ? (user + system) / 1000 / (trial.steps - 1) : null;
console.log(JSON.stringify({ milliseconds, ownMb: peakMb() - base }));

function smallest(): Trial['model'] {
  const { family } = trial.model;
  return family === 'wide-resnet' ? { family, depth: 10, width: 1 } : { family, depth: 8, width: 16 };
}
