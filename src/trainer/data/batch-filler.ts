import type { ResolvedAugmentation } from '../../contract/spec.js';
import { permutation, randomStream } from '../random.js';
import { drawPlacement, normalizationTable, type Placement, placeImage } from './augment.js';
import type { SplitReader } from './split-reader.js';

/** Where a batch is written: images [B,H,W,C], normalised per channel, and labels [B]. */
export interface BatchArrays {
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

export interface TrainBatchesOptions {
  readonly seed: number;
  readonly batchSize: number;
  /** Only the first so many images are used. */
  readonly samples: number;
  readonly augmentation: ResolvedAugmentation;
}

/** Writes images of a split into arrays. Without TensorFlow: a thread that only prepares batches does not load it. */
export class BatchFiller {
  readonly #table: readonly Float32Array[];
  readonly #pixels: Uint8Array;

  constructor(readonly reader: SplitReader) {
    this.#table = normalizationTable(reader.manifest.mean, reader.manifest.standard_deviation);
    this.#pixels = new Uint8Array(reader.imageBytes);
  }

  /** @param target all zero: what a placement leaves uncovered is not written */
  fill(indices: Uint32Array, placementOf: (index: number) => Placement, target: BatchArrays): void {
    const { image } = this.reader.manifest;
    indices.forEach((index, position) => {
      this.reader.readImage(index, this.#pixels);
      const offset = position * this.reader.imageBytes;
      placeImage(this.#pixels, image, this.#table, placementOf(index), target.images, offset);
      target.labels[position] = this.reader.labels[index]!;
    });
  }
}

/**
 * The batches of a run: which images step s holds and how they are placed is a pure function of (seed, epoch,
 * sample index), so every stage, in any process or thread, at any lag, sees the bitwise same batch.
 */
export class TrainFiller {
  readonly #filler: BatchFiller;
  #order: { readonly epoch: number; readonly indices: Uint32Array } | null = null;

  constructor(
    readonly reader: SplitReader,
    readonly options: TrainBatchesOptions,
  ) {
    this.#filler = new BatchFiller(reader);
  }

  /** Writes the batch of optimiser step `step` of the run. @param target all zero */
  fill(step: number, target: BatchArrays): void {
    const { seed, augmentation } = this.options;
    const { epoch, indices } = this.#batch(step);
    const { image } = this.reader.manifest;
    const placementOf = (index: number) =>
      drawPlacement(augmentation, image, randomStream(seed, 'augment', epoch, index));
    this.#filler.fill(indices, placementOf, target);
  }

  /** Indices in the data set of the images of step `step`, in the batch's order. */
  samplesAt(step: number): Uint32Array {
    return this.#batch(step).indices;
  }

  #batch(step: number): { readonly epoch: number; readonly indices: Uint32Array } {
    const { batchSize, samples } = this.options;
    const stepsPerEpoch = Math.floor(samples / batchSize);
    const epoch = Math.floor(step / stepsPerEpoch);
    const start = (step % stepsPerEpoch) * batchSize;
    return { epoch, indices: this.#epochOrder(epoch).subarray(start, start + batchSize) };
  }

  #epochOrder(epoch: number): Uint32Array {
    if (this.#order?.epoch !== epoch) {
      const random = randomStream(this.options.seed, 'order', epoch);
      this.#order = { epoch, indices: permutation(this.options.samples, random) };
    }
    return this.#order.indices;
  }
}
