import { normalizationTable, placeImage, UNCHANGED } from '../data/augment.js';
import type { SplitReader } from '../data/index.js';
import { TrainerError } from '../errors.js';
import { evaluationBatchSize, type TrainedNetwork } from '../evaluation/index.js';
import { free, read, upload } from '../runtime/index.js';

/** Predictions of an exported model: pixels 0..255, uint8 [count,H,W,C] -> class probabilities [count,classes]. */
export type Predict = (pixels: Uint8Array, count: number) => Promise<Float32Array> | Float32Array;

/** Figures of an exported model and of the trained network on the same test images. */
export interface Agreement {
  /** The largest absolute difference of a class probability. */
  readonly maxDifference: number;
  readonly images: number;
  /** Share of the images that each classifies correctly. */
  readonly accuracy: number;
  readonly trainedAccuracy: number;
}

const TOLERANCE = 1e-4;
const IMAGES_COMPARED = 1000;

/** Predictions of a trained network for up to 1,000 test images. Every format must reproduce them. */
export class TestAnswers {
  readonly #probabilities: Float32Array[] = [];

  /** @param betweenSteps awaited between batches */
  static async of(
    network: TrainedNetwork,
    test: SplitReader,
    betweenSteps: () => Promise<void>,
  ): Promise<TestAnswers> {
    const answers = new TestAnswers(test);
    for await (const { pixels, count } of answers.#batches()) {
      answers.#probabilities.push(probabilities(network, test, pixels, count));
      await betweenSteps();
    }
    return answers;
  }

  private constructor(readonly test: SplitReader) {}

  /**
   * Compares the predictions of an exported model.
   * @param name of the file, for the error
   * @returns the largest absolute difference of a class probability
   * @throws TrainerError export_mismatch above 1e-4
   */
  async compare(name: string, predict: Predict): Promise<number> {
    const { maxDifference: largest } = await this.measure(predict);
    if (largest <= TOLERANCE) return largest;
    throw new TrainerError(
      'export_mismatch',
      `${name} differs from the trained network by ${largest} in a probability (limit ${TOLERANCE})`,
    );
  }

  async measure(predict: Predict): Promise<Agreement> {
    let [largest, theirCorrect, ourCorrect, images] = [0, 0, 0, 0];
    for await (const { pixels, count, index } of this.#batches()) {
      const ours = this.#probabilities[index]!;
      const theirs = await predict(pixels, count);
      // Math.max propagates NaN, so that NaN does not count as agreement.
      ours.forEach((value, place) => {
        largest = Math.max(largest, Math.abs(theirs[place]! - value));
      });
      const labels = this.test.labels.subarray(images, images + count);
      theirCorrect += correctOf(theirs, labels);
      ourCorrect += correctOf(ours, labels);
      images += count;
    }
    return {
      maxDifference: largest,
      images,
      accuracy: theirCorrect / images,
      trainedAccuracy: ourCorrect / images,
    };
  }

  /** Reads the images again for each comparison, because large images would take too much memory. */
  async *#batches(): AsyncGenerator<{
    readonly pixels: Uint8Array;
    readonly count: number;
    readonly index: number;
  }> {
    const batchSize = evaluationBatchSize(this.test.manifest.image);
    const images = Math.min(IMAGES_COMPARED, this.test.count);
    for (let index = 0; index * batchSize < images; index++) {
      const start = index * batchSize;
      const count = Math.min(batchSize, images - start);
      yield { pixels: await readPixels(this.test, range(start, count)), count, index };
    }
  }
}

/** Images as stored: uint8 [indices,H,W,C]. */
export async function readPixels(reader: SplitReader, indices: readonly number[]): Promise<Uint8Array> {
  const pixels = new Uint8Array(indices.length * reader.imageBytes);
  for (const [place, index] of indices.entries()) {
    const offset = place * reader.imageBytes;
    await reader.readImage(index, pixels.subarray(offset, offset + reader.imageBytes), null);
  }
  return pixels;
}

export const range = (start: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => start + index);

/** The number of rows whose largest probability is that of the label. */
function correctOf(probabilities: Float32Array, labels: Uint16Array): number {
  const classes = probabilities.length / labels.length;
  return labels.reduce((sum, label, row) => {
    const start = row * classes;
    const own = probabilities.subarray(start, start + classes);
    return sum + (own.every((value) => value <= own[label]!) ? 1 : 0);
  }, 0);
}

function probabilities(
  network: TrainedNetwork,
  reader: SplitReader,
  pixels: Uint8Array,
  count: number,
): Float32Array {
  const { image, mean, standard_deviation } = reader.manifest;
  const table = normalizationTable(mean, standard_deviation);
  const values = new Float32Array(pixels.length);
  for (let offset = 0; offset < pixels.length; offset += reader.imageBytes) {
    placeImage(pixels.subarray(offset, offset + reader.imageBytes), image, table, UNCHANGED, values, offset);
  }
  const images = upload(values, [count, image.height, image.width, image.channels]);
  const logits = network.infer(images);
  const result = softmaxRows(read(logits), logits.shape[1]!);
  free(images, logits);
  return result;
}

function softmaxRows(logits: Float32Array, classes: number): Float32Array {
  const result = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const largest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const exponentials = Float64Array.from(row, (value) => Math.exp(value - largest));
    const total = exponentials.reduce((a, b) => a + b, 0);
    exponentials.forEach((value, index) => {
      result[start + index] = value / total;
    });
  }
  return result;
}
