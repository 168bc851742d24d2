// Trains a few steps of one part of ResNet-110 and tells its memory: bench/memory.bench.ts. The part is the variable
// BENCH_PART: a stage's number, or `serial`; BENCH_SPLIT is what
// the split balances: `memory`, or `auto` for the cost.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  describeNetwork,
  describeStages,
  parametersOf,
  type StageDescription,
  wholeNetwork,
} from '../../src/network/index.js';
import { balancedSplit } from '../../src/planning/costs/index.js';
import { createFolderStore } from '../../src/storage/folder-store.js';
import { SpoolReader, SpoolWriter } from '../../src/trainer/messages/index.js';
import { couplingObjective } from '../../src/trainer/objective/coupling-objective.js';
import { initialValues, Optimizer, sgd, startingState } from '../../src/trainer/optimizer/index.js';
import { uploadWeights } from '../../src/trainer/passes/index.js';
import { describeRuntime, free, type Tensor, upload } from '../../src/trainer/runtime/index.js';
import {
  classificationObjective,
  type LocalObjective,
  partStep,
  Stopwatch,
  type TrainedPart,
  trainLoop,
} from '../../src/trainer/training/index.js';
import { peakMb, serveSteps } from '../step/serve.js';
import { labels, randomImages } from '../step/workload.js';

const BATCH = 128;
const IMAGE = { height: 32, width: 32, channels: 3 };
const SHARE = 0.1;
const STAGES = 4;
const MAX_STEPS = 1000;

const network = describeNetwork({ family: 'resnet', depth: 110, width: 16 }, IMAGE, 10);
const given = process.env.BENCH_SPLIT ?? 'auto';
const split = balancedSplit(network, STAGES, SHARE, { balance: given === 'memory' ? 'memory' : 'auto' });
const stages = describeStages(network, split, SHARE);
const stage = stages[Number(process.env.BENCH_PART)];
const part: TrainedPart = stage
  ? { stage: stage.index, layers: stage.layers, auxiliary: stage.auxiliary }
  : { stage: null, layers: wholeNetwork(network), auxiliary: null };
const folder = mkdtempSync(join(tmpdir(), 'strata-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const store = createFolderStore(folder);

const steps = { start: 0, end: MAX_STEPS };
const shapeOf = ({ input }: StageDescription) => [BATCH, input.height, input.width, input.channels];
const openWriter = async (of: StageDescription, key: string) =>
  new SpoolWriter(await store.createSpool(key), {
    precision: 'float16',
    filter: 'none',
    shape: shapeOf(of),
    steps,
  });

/** The last stage's loss, or the coupling with a downstream stage whose corrections lie in a file. */
async function objectiveOf() {
  const next = stage && stages[stage.index + 1];
  if (!next) return classificationObjective(0);
  const writer = await openWriter(next, 'received');
  const gradient = upload(randomImages(shapeOf(next)), shapeOf(next));
  writer.write(gradient);
  free(gradient);
  const reader = new SpoolReader(writer.draft.path, 'spool:bench');
  const parameters = parametersOf(next.auxiliary!);
  const weights = uploadWeights(parameters, initialValues(parameters, 1));
  // One correction for every step.
  const corrections = { read: () => reader.read(0) };
  return couplingObjective({ auxiliary: next.auxiliary!, weights, corrections }, { penalty: 4 });
}

interface Trained {
  readonly part: TrainedPart;
  readonly objective: LocalObjective;
  readonly onInputGradient: ((gradient: Tensor) => void) | null;
  readonly batch: number;
}

/** One optimiser step at a time, on the same images each time. */
function trainer({ part, objective, onInputGradient, batch }: Trained): () => Promise<number> {
  const parameters = parametersOf([...part.layers, ...(part.auxiliary ?? [])]);
  const rule = sgd({ momentum: 0.9, nesterov: false });
  const settings = { rule, weightDecayOf: () => 0 };
  const optimizer = new Optimizer(parameters, startingState(parameters, 1, rule), settings);
  const labelValues = labels(batch);
  const shape = [batch, IMAGE.height, IMAGE.width, IMAGE.channels];
  const pixels = randomImages(shape);
  return async () => {
    let loss = Number.NaN;
    await trainLoop(
      {
        steps: { start: 0, end: 1 },
        batchAt: () => {
          const [images, truth] = [upload(pixels, shape), upload(labelValues, [batch])];
          return { images, labels: truth, labelValues, dispose: () => free(images, truth) };
        },
        learningRateAt: () => 0.01,
        onReport: (report) => {
          loss = report.loss ?? Number.NaN;
        },
        betweenSteps: async () => undefined,
        stopwatch: new Stopwatch(() => performance.now()),
      },
      partStep({
        part,
        seed: 1,
        objective,
        optimizer,
        onInputGradient,
      }),
    );
    return loss;
  };
}

/** Has every kernel run once, so that what is measured after is the network's: the library's pages come as they are used. */
async function warmUp(): Promise<void> {
  const layers = wholeNetwork(describeNetwork({ family: 'resnet', depth: 8, width: 16 }, IMAGE, 10));
  const part = { stage: null, layers, auxiliary: null };
  await trainer({ part, objective: classificationObjective(0), onInputGradient: null, batch: 2 })();
}

await warmUp();
const base = peakMb();
const writer = stage && stage.index > 0 ? await openWriter(stage, 'sent') : null;
const step = trainer({
  part,
  objective: await objectiveOf(),
  onInputGradient: writer && ((gradient) => writer.write(gradient)),
  batch: BATCH,
});
await serveSteps(`TensorFlow ${describeRuntime().tensorflow}`, base, step);
