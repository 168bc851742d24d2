import type { Shape } from '../../network/index.js';
import { free, type Tensor, upload } from '../runtime/index.js';
import { UNCHANGED } from './augment.js';
import {
  type BatchArrays,
  BatchFiller,
  type TrainBatchesOptions,
  TrainFiller,
  type View,
} from './batch-filler.js';
import { LabelRule, type LabelTerms } from './label-rule.js';
import type { SplitReader } from './split-reader.js';

export interface Batch extends LabelTerms {
  /** [B,H,W,C], normalized per channel. */
  readonly images: Tensor;
  /** int32 [B] */
  readonly labels: Tensor;
  readonly labelValues: Int32Array;
  /** Output of the frozen layers for the images, [B,h,w,c], where a job stores it: training begins with it. */
  readonly features?: Tensor;
  dispose(): void;
}

/** The batches of a run, each made on demand. */
export class TrainBatches {
  readonly #filler: TrainFiller;
  readonly #labels: LabelRule;

  constructor(
    readonly reader: SplitReader,
    readonly options: TrainBatchesOptions,
  ) {
    this.#filler = new TrainFiller(reader, options);
    this.#labels = new LabelRule(options, reader.labels, reader.manifest);
  }

  /** Dataset indices of the images of step `step`, in batch order. */
  samplesAt(step: number): Uint32Array {
    return this.#filler.samplesAt(step);
  }

  /** The batch of step `step` without its images. */
  labelsAt(step: number): Batch {
    const labels = Int32Array.from(this.samplesAt(step), (sample) => this.reader.labels[sample]!);
    const arrays = { images: new Float32Array(0), labels };
    return { ...toBatch(arrays, { height: 0, width: 0, channels: 0 }), ...this.#labels.termsAt(step) };
  }

  /** The batch of optimizer step `step` of the run. Only one call at a time. */
  async at(step: number): Promise<Batch> {
    const arrays = newArrays(this.reader, this.options.batchSize);
    await this.#filler.fill(step, arrays);
    return { ...toBatch(arrays, this.reader.manifest.image), ...this.#labels.termsAt(step) };
  }
}

const AS_IT_IS: View = { operations: [], placement: UNCHANGED, crop: null };

/**
 * Consecutive batches over the first `count` images of a split, without augmentation. The last one may be smaller.
 */
export async function* plainBatches(
  reader: SplitReader,
  batchSize: number,
  count = reader.count,
): AsyncGenerator<Batch> {
  for await (const { batch } of batchesOf(reader, batchSize, count, false)) yield batch;
}

/** A batch with the indices of its images. */
export interface IndexedBatch {
  readonly batch: Batch;
  readonly samples: Uint32Array;
}

/** The same, all of one size: the last one goes on with the first images. */
export function fullBatches(
  reader: SplitReader,
  batchSize: number,
  count: number,
): AsyncGenerator<IndexedBatch> {
  return batchesOf(reader, batchSize, count, true);
}

async function* batchesOf(
  reader: SplitReader,
  batchSize: number,
  count: number,
  isFull: boolean,
): AsyncGenerator<IndexedBatch> {
  const filler = new BatchFiller(reader);
  for (let start = 0; start < count; start += batchSize) {
    const length = isFull ? batchSize : Math.min(batchSize, count - start);
    const arrays = newArrays(reader, length);
    const samples = Uint32Array.from({ length }, (_, index) => (start + index) % count);
    await filler.fill(samples, () => AS_IT_IS, arrays);
    const batch = toBatch(arrays, reader.manifest.image);
    try {
      yield { batch, samples };
    } finally {
      batch.dispose();
    }
  }
}

function newArrays(reader: SplitReader, batchSize: number): BatchArrays {
  return { images: new Float32Array(batchSize * reader.imageBytes), labels: new Int32Array(batchSize) };
}

/** Wraps the arrays as tensors. The arrays must not be written before the batch is disposed of. */
export function toBatch({ images: values, labels: labelValues }: BatchArrays, image: Shape): Batch {
  const { height, width, channels } = image;
  const images = upload(values, [labelValues.length, height, width, channels]);
  const labels = upload(labelValues, [labelValues.length]);
  return { images, labels, labelValues, dispose: () => free(images, labels) };
}
