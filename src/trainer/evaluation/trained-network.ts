import { type Layer, parametersOf, type Shape } from '../../network/index.js';
import { plainBatches, type SplitReader, TrainBatches, UNCHANGED_IMAGES } from '../data/index.js';
import { TrainerError } from '../errors.js';
import { score } from '../objective/index.js';
import type { NamedValues } from '../optimizer/index.js';
import {
  inferenceRule,
  inferPass,
  type NamedTensors,
  type NormRule,
  type Statistics,
  StatisticsEstimate,
  uploadWeights,
} from '../passes/index.js';
import { free, type Tensor } from '../runtime/index.js';
import { ClassCounts } from './class-counts.js';

/** Number of training images for batch-norm statistics (docs/method.md, "BatchNorm"). */
const STATISTICS_IMAGES = 1600;
const MAX_BATCH = 200;
const MIN_BATCH = 8;
/** Pixels of an evaluation batch: 200 images of 32x32. Larger images use smaller batches. */
const BATCH_PIXELS = 200 * 32 * 32;

/** Images per batch outside training. Memory does not grow with the image size. */
export function evaluationBatchSize({ height, width }: Shape): number {
  const fitting = Math.floor(BATCH_PIXELS / (height * width));
  return Math.min(MAX_BATCH, Math.max(MIN_BATCH, fitting));
}

export interface Evaluation {
  /** Share of correctly classified images, 0..1. */
  readonly accuracy: number;
  /** Mean of the accuracies of the classes, in which a rare class counts as much as any other. */
  readonly balancedAccuracy: number;
  /** Accuracy of the class that is classified worst. */
  readonly lowestClassAccuracy: number;
  /** Mean F1 of the classes, 0..1. */
  readonly macroF1: number;
  /** Mean cross-entropy. */
  readonly loss: number;
}

/** Layers with their weights and batch-norm statistics: a network that can process single images. */
export class TrainedNetwork {
  readonly #weights: NamedTensors;
  readonly #rule: NormRule;
  readonly #disposeRule: () => void;

  private constructor(
    readonly layers: readonly Layer[],
    readonly values: NamedValues,
    readonly statistics: Statistics,
  ) {
    this.#weights = uploadWeights(parametersOf(layers), values);
    const { rule, dispose } = inferenceRule(layers, this.#weights, statistics);
    this.#rule = rule;
    this.#disposeRule = dispose;
  }

  /** Estimates the statistics of `layers` on training images, then fixes them. */
  static async calibrate(
    layers: readonly Layer[],
    values: NamedValues,
    train: SplitReader,
    seed: number,
  ): Promise<TrainedNetwork> {
    const weights = uploadWeights(parametersOf(layers), values);
    try {
      const estimate = new StatisticsEstimate(layers, weights);
      for await (const images of calibrationImages(train, seed)) estimate.add(images);
      return new TrainedNetwork(layers, values, estimate.statistics());
    } finally {
      free(...weights.values());
    }
  }

  /** The first `layers` of this network as a separate network. Their statistics do not depend on later layers. */
  part(layers: readonly Layer[]): TrainedNetwork {
    return new TrainedNetwork(layers, this.values, this.statistics);
  }

  /** Layers, weights and statistics, for an export. */
  parts(): Pick<TrainedNetwork, 'layers' | 'values' | 'statistics'> {
    return { layers: this.layers, values: this.values, statistics: this.statistics };
  }

  /** images [B,H,W,C] -> output of the last layer. The caller must free it. */
  infer(images: Tensor): Tensor {
    return inferPass(this.layers, images, this.#weights, this.#rule);
  }

  /**
   * Accuracy and loss over a split.
   * @param betweenSteps awaited between batches
   * @param keep called with the logits [B*classes] and the labels [B] of each batch
   * @throws TrainerError non_finite_loss
   */
  async evaluate(
    reader: SplitReader,
    betweenSteps: () => Promise<void>,
    keep: (logits: Float32Array, labels: Int32Array) => void = () => undefined,
  ): Promise<Evaluation> {
    let lossSum = 0;
    const counts = new ClassCounts();
    for await (const batch of plainBatches(reader, evaluationBatchSize(reader.manifest.image))) {
      const logits = this.infer(batch.images);
      const result = score(logits, batch.labels, batch.labelValues);
      free(logits);
      keep(result.values, batch.labelValues);
      lossSum += result.lossSum;
      counts.add(batch.labelValues, result.predicted);
      await betweenSteps();
    }
    // A loss that is not finite cannot be counted or stored, and means that the network has diverged.
    if (!Number.isFinite(lossSum)) throw notFinite();
    const accuracies = counts.accuracies();
    return {
      accuracy: counts.correct / reader.count,
      balancedAccuracy: accuracies.reduce((sum, each) => sum + each, 0) / accuracies.length,
      lowestClassAccuracy: Math.min(...accuracies),
      macroF1: counts.macroF1(),
      loss: lossSum / reader.count,
    };
  }

  dispose(): void {
    this.#disposeRule();
    free(...this.#weights.values());
  }
}

function notFinite(): TrainerError {
  const message =
    'the loss on the test images was not finite; use a lower learning_rate or penalty, or set optimizer.clip_norm';
  return new TrainerError('non_finite_loss', message, { stage: null, step: null, tensor: 'loss' });
}

/** A fixed random selection of training images without augmentation, because the files may be sorted by class. */
async function* calibrationImages(train: SplitReader, seed: number): AsyncGenerator<Tensor> {
  const batchSize = Math.min(evaluationBatchSize(train.manifest.image), train.count);
  const batches = new TrainBatches(train, {
    seed,
    batchSize,
    samples: train.count,
    augmentation: UNCHANGED_IMAGES,
  });
  const count = Math.floor(Math.min(STATISTICS_IMAGES, train.count) / batchSize);
  for (let index = 0; index < count; index++) {
    const batch = await batches.at(index);
    try {
      yield batch.images;
    } finally {
      batch.dispose();
    }
  }
}
