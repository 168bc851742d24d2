// Trains a stage of a job for some steps: BENCH_TRIAL, the name of a trial, BENCH_STEPS. Prints the processor time of a step and
// the peak of the resident memory above that of a process that has run every kernel.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accumulatedParts, describeRun, passMemory } from '../../src/method/index.js';
import { parametersOf, type Shape, type StageDescription, sizeOf } from '../../src/network/index.js';
import { createFolderStore } from '../../src/storage/folder-store.js';
import { couplingObjective } from '../../src/trainer/objective/coupling-objective.js';
import { initialValues, Optimizer, settingsOfJob, startingState } from '../../src/trainer/optimizer/index.js';
import { uploadWeights } from '../../src/trainer/passes/index.js';
import { freeUploaded, upload } from '../../src/trainer/runtime/index.js';
import { stageParameters } from '../../src/trainer/tasks/inputs/stage-parameters.js';
import {
  classificationObjective,
  headObjective,
  type LocalObjective,
  partStep,
  Stopwatch,
} from '../../src/trainer/training/index.js';
import { peakMb } from '../step/serve.js';
import { labels, randomImages } from '../step/workload.js';
import { openMessages, type StageMessages } from './messages.js';
import { COLORED, specOf, TRIALS } from './trials.js';

const trial = TRIALS.find(({ name }) => name === process.env.BENCH_TRIAL);
if (!trial) throw new Error(`BENCH_TRIAL is ${process.env.BENCH_TRIAL}: no trial`);
const steps = Number(process.env.BENCH_STEPS);
const spec = specOf(trial);
const { method, seed, precision } = spec;
const { stages } = describeRun(spec, COLORED);
const stage = stages[trial.stage]!;
const stopwatch = new Stopwatch(() => performance.now());

const shapeOf = ({ height, width, channels }: Shape, batch: number) => [batch, height, width, channels];

function objectiveOf({ corrections }: StageMessages): LocalObjective {
  if (stage.head) return headObjective(stage.head, 0);
  const next: StageDescription | undefined = stages[stage.index + 1];
  if (!next?.auxiliary) return classificationObjective(0);
  const parameters = parametersOf(next.auxiliary);
  const weights = uploadWeights(parameters, initialValues(parameters, 1));
  const read = corrections && { read: corrections };
  return couplingObjective({ auxiliary: next.auxiliary, weights, corrections: read }, method);
}

async function trainer(batchSize: number, parts: number): Promise<(step: number) => Promise<void>> {
  const parameters = stageParameters(stage);
  const settings = settingsOfJob(spec);
  const optimizer = new Optimizer(parameters, startingState(parameters, 1, settings.rule), settings);
  const imageShape = shapeOf(COLORED.image, batchSize);
  const labelValues = labels(batchSize);
  const [images, truth] = [upload(randomImages(imageShape), imageShape), upload(labelValues, [batchSize])];
  const batch = { images, labels: truth, labelValues, dispose: () => undefined };
  // A trainer prepares the next batch while it trains on one.
  const next = randomImages(imageShape);
  const messages = await openMessages(spec, stages, stage.index, batchSize / parts, blobs);
  const trained = partStep({
    part: { stage: stage.index, layers: stage.layers, auxiliary: stage.auxiliary },
    ...{ seed, precision, parts, optimizer, memory: passMemory(method) },
    objective: objectiveOf(messages),
    inputAt: messages.features,
    onInputGradient: messages.sendGradient,
    onStageOutput: messages.sendOutput,
  });
  return async (step) => {
    labelValues[0] = next.length % 2;
    await trained.update({ batch, step, learningRate: 0.01, stopwatch, reports: true });
  };
}

const folder = mkdtempSync(join(tmpdir(), 'strata-bench-'));
const blobs = createFolderStore(folder);
// The library's pages come as they are used, so each kernel runs once, on one image: the real pass has its memory again.
await (await trainer(1, 1))(0);
const base = peakMb();
const step = await trainer(spec.batch_size, accumulatedParts(spec.optimizer));
freeUploaded(2 * stageParameters(stage).reduce((sum, parameter) => sum + sizeOf(parameter), 0));
await step(0);
const before = process.cpuUsage();
for (let made = 1; made < steps; made++) await step(made);
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ milliseconds: (user + system) / 1000 / (steps - 1), ownMb: peakMb() - base }));
rmSync(folder, { recursive: true });
