import type { ResolvedAugmentation } from '../../contract/spec.js';
import { type RandomStream, randomStream } from '../random.js';
import {
  drawPlacement,
  isMirroredInTurn,
  normalizationTable,
  type Placement,
  placeImage,
} from './augment.js';
import type { ClassWeights } from './class-weights.js';
import { drawErasing } from './erasing.js';
import { inLanes } from './lanes.js';
import { mixImages, mixOfStep } from './mix.js';
import { drawOperations, type Operation } from './operations/index.js';
import { drawCrop } from './random-crop.js';
import { drawOrder, type EpochOrder, type Sampling } from './sampling.js';
import type { CropRule, SplitReader } from './split-reader.js';

/** Destination of a batch: images [B,H,W,C], normalized per channel, and labels [B]. */
export interface BatchArrays {
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

export interface TrainBatchesOptions {
  readonly seed: number;
  readonly batchSize: number;
  /** Only the first `samples` images are used. */
  readonly samples: number;
  readonly augmentation: ResolvedAugmentation;
  /** Epochs of the run. Absent: as many as anybody asks for. */
  readonly epochs?: number;
  /** Absent: every image once an epoch. */
  readonly sampling?: Sampling;
  /** Absent: each image counts alike in the loss. */
  readonly classWeights?: ClassWeights;
}

/** The shown part of an image, what happens to its pixels, and its placement. */
export interface View {
  readonly operations: readonly Operation[];
  readonly placement: Placement;
  readonly crop: CropRule | null;
}

/**
 * Writes images of a split into arrays. It does not use TensorFlow, so that the thread that prepares batches need
 * not load it.
 */
export class BatchFiller {
  readonly #table: readonly Float32Array[];
  /** One buffer for each image that is read at the same time. */
  readonly #pixels: readonly Uint8Array[];

  constructor(readonly reader: SplitReader) {
    this.#table = normalizationTable(reader.manifest.mean, reader.manifest.standard_deviation);
    this.#pixels = Array.from({ length: reader.lanes }, () => new Uint8Array(reader.imageBytes));
  }

  /** @param target all zero: pixels that a placement leaves uncovered are not written */
  async fill(
    indices: Uint32Array,
    viewOf: (index: number, position: number) => View,
    target: BatchArrays,
  ): Promise<void> {
    const { reader } = this;
    await inLanes(indices.length, reader.lanes, async (position, lane) => {
      const index = indices[position]!;
      const { operations, placement, crop } = viewOf(index, position);
      const { image } = reader.manifest;
      const pixels = this.#pixels[lane]!;
      await reader.readImage(index, pixels, crop);
      for (const change of operations) change(pixels, image);
      const offset = position * reader.imageBytes;
      placeImage(pixels, image, this.#table, placement, target.images, offset);
      target.labels[position] = reader.labels[index]!;
    });
  }
}

/** The images of a batch. */
interface Drawn extends EpochOrder {
  readonly epoch: number;
}

/**
 * The batches of a run. The images of step s and their placement are a pure function of (seed, epoch, sample index,
 * earlier appearances in the epoch), their mix of (seed, step). So every stage sees the bitwise same batch, in any process
 * or thread and at any lag.
 */
export class TrainFiller {
  readonly #filler: BatchFiller;
  #order: Drawn | null = null;
  /** The images of a batch before they are mixed. */
  #originals: Float32Array | null = null;

  constructor(
    readonly reader: SplitReader,
    readonly options: TrainBatchesOptions,
  ) {
    this.#filler = new BatchFiller(reader);
  }

  /** Writes the batch of optimizer step `step` of the run. @param target all zero */
  async fill(step: number, target: BatchArrays): Promise<void> {
    const { epoch, indices, earlier } = this.#batch(step);
    const viewOf = (index: number, position: number) => this.#view(epoch, index, earlier?.[position] ?? 0);
    await this.#filler.fill(indices, viewOf, target);
    this.#mix(step, target);
  }

  #mix(step: number, { images }: BatchArrays): void {
    const { image } = this.reader.manifest;
    const mix = mixOfStep(this.options, image, step);
    if (!mix) return;
    this.#originals ??= new Float32Array(images.length);
    mixImages(images, image, mix, this.#originals);
  }

  /** Dataset indices of the images of step `step`, in batch order. */
  samplesAt(step: number): Uint32Array {
    return this.#batch(step).indices;
  }

  #view(epoch: number, index: number, earlier: number): View {
    const { augmentation } = this.options;
    const { random_resized_crop: crop } = augmentation;
    // One stream for each kind, so that a job with one more step of augmentation draws the same otherwise.
    const stream = (kind: string) =>
      randomStream(this.options.seed, kind, ...(earlier === 0 ? [epoch, index] : [epoch, index, earlier]));
    const { image } = this.reader.manifest;
    const placement = drawPlacement(augmentation, image, stream('augment'));
    return {
      operations: drawOperations(augmentation, image, stream),
      placement: this.#withTurns(this.#withErasing(placement, stream), epoch + earlier, index),
      crop: crop ? (size) => drawCrop(crop, size, stream('crop')) : null,
    };
  }

  #withErasing(placement: Placement, stream: (kind: string) => RandomStream): Placement {
    const { random_erasing: probability } = this.options.augmentation;
    const { image } = this.reader.manifest;
    const erased = probability > 0 ? drawErasing(probability, image, stream('erase')) : null;
    return erased ? { ...placement, blanked: [...placement.blanked, erased] } : placement;
  }

  #withTurns(placement: Placement, showing: number, index: number): Placement {
    const { horizontal_flip: flips, flip } = this.options.augmentation;
    if (!flips || flip !== 'alternating') return placement;
    return {
      ...placement,
      mirrored: isMirroredInTurn(showing, randomStream(this.options.seed, 'first-flip', index)),
    };
  }

  #batch(step: number): Drawn {
    const { batchSize, samples } = this.options;
    const stepsPerEpoch = Math.floor(samples / batchSize);
    const epoch = Math.floor(step / stepsPerEpoch);
    const { indices, earlier } = this.#epochOrder(epoch);
    const start = (step % stepsPerEpoch) * batchSize;
    const end = start + batchSize;
    return { epoch, indices: indices.subarray(start, end), earlier: earlier?.subarray(start, end) ?? null };
  }

  #epochOrder(epoch: number): EpochOrder {
    if (this.#order?.epoch !== epoch) {
      const { seed, samples, sampling = 'uniform' } = this.options;
      const labels = this.reader.labels.subarray(0, samples);
      this.#order = { epoch, ...drawOrder(sampling, labels, seed, epoch) };
    }
    return this.#order;
  }
}
