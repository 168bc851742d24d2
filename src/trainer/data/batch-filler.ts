import type { ResolvedAugmentation } from '../../contract/spec.js';
import { permutation, randomStream } from '../random.js';
import { drawPlacement, normalizationTable, type Placement, placeImage } from './augment.js';
import { inLanes } from './lanes.js';
import { drawCrop } from './random-crop.js';
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
}

/** The shown part of an image, and its placement. */
export interface View {
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
  async fill(indices: Uint32Array, viewOf: (index: number) => View, target: BatchArrays): Promise<void> {
    const { reader } = this;
    await inLanes(indices.length, reader.lanes, async (position, lane) => {
      const index = indices[position]!;
      const { placement, crop } = viewOf(index);
      const pixels = this.#pixels[lane]!;
      await reader.readImage(index, pixels, crop);
      const offset = position * reader.imageBytes;
      placeImage(pixels, reader.manifest.image, this.#table, placement, target.images, offset);
      target.labels[position] = reader.labels[index]!;
    });
  }
}

/**
 * The batches of a run. The images of step s and their placement are a pure function of (seed, epoch, sample
 * index). So every stage sees the bitwise same batch, in any process or thread and at any lag.
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

  /** Writes the batch of optimizer step `step` of the run. @param target all zero */
  async fill(step: number, target: BatchArrays): Promise<void> {
    const { epoch, indices } = this.#batch(step);
    await this.#filler.fill(indices, (index) => this.#view(epoch, index), target);
  }

  /** Dataset indices of the images of step `step`, in batch order. */
  samplesAt(step: number): Uint32Array {
    return this.#batch(step).indices;
  }

  #view(epoch: number, index: number): View {
    const { seed, augmentation } = this.options;
    const { image } = this.reader.manifest;
    const { random_resized_crop: crop } = augmentation;
    return {
      placement: drawPlacement(augmentation, image, randomStream(seed, 'augment', epoch, index)),
      // A separate random stream, so that the same job without crops flips the same images.
      crop: crop ? (size) => drawCrop(crop, size, randomStream(seed, 'crop', epoch, index)) : null,
    };
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
