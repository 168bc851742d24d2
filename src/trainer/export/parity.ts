import { normalizationTable, placeImage, UNCHANGED } from '../data/augment.js';
import type { SplitReader } from '../data/index.js';
import { TrainerError } from '../errors.js';
import { evaluationBatchSize, type TrainedNetwork } from '../evaluation/index.js';
import { free, read, upload } from '../runtime/index.js';

/** An exported model at work: pixels 0..255, uint8 [count,H,W,C] -> class probabilities [count,classes]. */
export type Predict = (pixels: Uint8Array, count: number) => Promise<Float32Array> | Float32Array;

const TOLERANCE = 1e-4;
const IMAGES_COMPARED = 1000;

/**
 * Compares an exported model with the network it was made from on up to 1,000 test images.
 * @returns the largest absolute difference of a class probability
 * @throws TrainerError export_mismatch above 1e-4
 */
export async function checkParity(
  name: string,
  predict: Predict,
  network: TrainedNetwork,
  test: SplitReader,
): Promise<number> {
  let largest = 0;
  const batchSize = evaluationBatchSize(test.manifest.image);
  const images = Math.min(IMAGES_COMPARED, test.count);
  for (let start = 0; start < images; start += batchSize) {
    const count = Math.min(batchSize, images - start);
    const pixels = await readPixels(test, start, count);
    const theirs = await predict(pixels, count);
    // Math.max hands a NaN on: it must not pass for agreement.
    probabilities(network, test, pixels, count).forEach((ours, index) => {
      largest = Math.max(largest, Math.abs(theirs[index]! - ours));
    });
  }
  if (largest <= TOLERANCE) return largest;
  throw new TrainerError(
    'export_mismatch',
    `${name} differs from the trained network by ${largest} in a probability (limit ${TOLERANCE})`,
  );
}

async function readPixels(reader: SplitReader, start: number, count: number): Promise<Uint8Array> {
  const pixels = new Uint8Array(count * reader.imageBytes);
  for (let index = 0; index < count; index++) {
    const offset = index * reader.imageBytes;
    await reader.readImage(start + index, pixels.subarray(offset, offset + reader.imageBytes), null);
  }
  return pixels;
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
