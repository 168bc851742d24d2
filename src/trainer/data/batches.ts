import type { ResolvedAugmentation } from '../../contract/spec.js';
import { permutation, randomStream } from '../random.js';
import { free, type Tensor, upload } from '../runtime/index.js';
import { drawPlacement, normalizationTable, placeImage, UNCHANGED } from './augment.js';
import type { SplitReader } from './split-reader.js';

export interface Batch {
  /** [B,H,W,C], normalised per channel. */
  readonly images: Tensor;
  /** int32 [B] */
  readonly labels: Tensor;
  readonly labelValues: Int32Array;
  dispose(): void;
}

export interface TrainBatchesOptions {
  readonly seed: number;
  readonly batchSize: number;
  /** Only the first so many images are used. */
  readonly samples: number;
  readonly augmentation: ResolvedAugmentation;
}

/**
 * The batches of a run: which images step s holds and how they are placed is a pure function of (seed, epoch,
 * sample index), so every stage, in any process, at any lag, sees the bitwise same batch.
 */
export class TrainBatches {
  readonly #table: readonly Float32Array[];
  readonly #pixels: Uint8Array;
  #order: { readonly epoch: number; readonly indices: Uint32Array } | null = null;

  constructor(
    readonly reader: SplitReader,
    readonly options: TrainBatchesOptions,
  ) {
    this.#table = normalizationTable(reader.manifest.mean, reader.manifest.standard_deviation);
    this.#pixels = new Uint8Array(reader.imageBytes);
  }

  /** The batch of optimiser step `step` of the run. */
  at(step: number): Batch {
    const { batchSize, samples, seed, augmentation } = this.options;
    const stepsPerEpoch = Math.floor(samples / batchSize);
    const epoch = Math.floor(step / stepsPerEpoch);
    const start = (step % stepsPerEpoch) * batchSize;
    const indices = this.#epochOrder(epoch).subarray(start, start + batchSize);
    return assemble(this.reader, this.#table, this.#pixels, indices, (index) =>
      drawPlacement(augmentation, this.reader.manifest.image, randomStream(seed, 'augment', epoch, index)),
    );
  }

  #epochOrder(epoch: number): Uint32Array {
    if (this.#order?.epoch !== epoch) {
      const random = randomStream(this.options.seed, 'order', epoch);
      this.#order = { epoch, indices: permutation(this.options.samples, random) };
    }
    return this.#order.indices;
  }
}

/** Consecutive, unaugmented batches over the first `count` images of a split; the last may be smaller. */
export function* plainBatches(
  reader: SplitReader,
  batchSize: number,
  count = reader.count,
): Generator<Batch> {
  const table = normalizationTable(reader.manifest.mean, reader.manifest.standard_deviation);
  const pixels = new Uint8Array(reader.imageBytes);
  for (let start = 0; start < count; start += batchSize) {
    const indices = Uint32Array.from(
      { length: Math.min(batchSize, count - start) },
      (_, index) => start + index,
    );
    const batch = assemble(reader, table, pixels, indices, () => UNCHANGED);
    try {
      yield batch;
    } finally {
      batch.dispose();
    }
  }
}

function assemble(
  reader: SplitReader,
  table: readonly Float32Array[],
  pixels: Uint8Array,
  indices: Uint32Array,
  placementOf: (index: number) => ReturnType<typeof drawPlacement>,
): Batch {
  const { height, width, channels } = reader.manifest.image;
  const values = new Float32Array(indices.length * reader.imageBytes);
  indices.forEach((index, position) => {
    reader.readImage(index, pixels);
    const offset = position * reader.imageBytes;
    placeImage(pixels, reader.manifest.image, table, placementOf(index), values, offset);
  });
  const labelValues = Int32Array.from(indices, (index) => reader.labels[index]!);
  const images = upload(values, [indices.length, height, width, channels]);
  const labels = upload(labelValues, [indices.length]);
  return { images, labels, labelValues, dispose: () => free(images, labels) };
}
