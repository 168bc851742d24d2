import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILT_IN_DATASETS } from '../../src/contract/datasets.js';
import { describeNetwork, parametersOf, wholeNetwork } from '../../src/network/index.js';
import { createFolderStore } from '../../src/storage/folder-store.js';
import { openSplit, plainBatches, prepareMnist, toBatch } from '../../src/trainer/data/index.js';
import { Optimizer, startingState } from '../../src/trainer/optimizer/index.js';
import { read } from '../../src/trainer/runtime/index.js';
import { classificationObjective, partStep, Stopwatch } from '../../src/trainer/training/index.js';
import { type OptimizerName, SETTINGS } from './optimizers.js';

type BatchArrays = Parameters<typeof toBatch>[0];

const BATCH = 64;
const IMAGES = 2048;
/** The mean of so many losses must reach the target. */
const WINDOW = 16;
const TARGET = 0.15;
const MAX_STEPS = 512;
const IMAGE = { height: 28, width: 28, channels: 1 };

/** The time of an optimizer to the target loss. */
export interface Learned {
  readonly optimizer: OptimizerName;
  readonly seed: number;
  /** Null if it did not arrive. */
  readonly steps: number | null;
  readonly seconds: number;
}

/** Trains ResNet-8 of width 4 on MNIST images, again and again in the same order, without augmentation. */
export async function learn(names: readonly OptimizerName[], seeds: readonly number[]): Promise<Learned[]> {
  const batches = await loadBatches();
  const learned: Learned[] = [];
  for (const seed of seeds) for (const name of names) learned.push(await learnBy(name, seed, batches));
  return learned;
}

async function learnBy(
  optimizerName: OptimizerName,
  seed: number,
  batches: readonly BatchArrays[],
): Promise<Learned> {
  const layers = wholeNetwork(describeNetwork({ family: 'resnet', depth: 8, width: 4 }, IMAGE, 10));
  const parameters = parametersOf(layers);
  const settings = SETTINGS[optimizerName];
  const optimizer = new Optimizer(parameters, startingState(parameters, seed, settings.rule), settings);
  const part = { stage: null, layers, auxiliary: null };
  const objective = classificationObjective(0);
  const trained = partStep({ part, seed, objective, optimizer, onInputGradient: null });
  const stopwatch = new Stopwatch(() => performance.now());
  const losses: number[] = [];
  const started = performance.now();
  const arrived = () => mean(losses.slice(-WINDOW)) <= TARGET && losses.length >= WINDOW;
  while (losses.length < MAX_STEPS && !arrived()) {
    const step = losses.length;
    const batch = toBatch(batches[step % batches.length]!, IMAGE);
    const at = { batch, step, learningRate: 0.1, stopwatch, reports: true };
    const [report] = await trained.update(at);
    batch.dispose();
    losses.push(report?.loss ?? Number.NaN);
  }
  optimizer.dispose();
  const seconds = (performance.now() - started) / 1000;
  return { optimizer: optimizerName, seed, steps: arrived() ? losses.length : null, seconds };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function loadBatches(): Promise<BatchArrays[]> {
  const folder = mkdtempSync(join(tmpdir(), 'strata-bench-'));
  try {
    const blobs = createFolderStore(folder);
    const mnist = BUILT_IN_DATASETS.find(({ name }) => name === 'mnist');
    if (!mnist) throw new Error('MNIST is a dataset of every service');
    const reader = await openSplit(await prepareMnist(mnist, blobs), 'train', blobs);
    const arrays: BatchArrays[] = [];
    for await (const { images, labelValues } of plainBatches(reader, BATCH, IMAGES)) {
      arrays.push({ images: read(images), labels: Int32Array.from(labelValues) });
    }
    reader.close();
    return arrays;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
