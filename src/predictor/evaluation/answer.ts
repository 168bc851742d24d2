import type { EvaluationSetup } from '../../contract/evaluator-protocol.js';
import type { ImageShape } from '../../contract/spec.js';
import type { Network } from '../predict.js';

/** Maximum number of pixels in a batch, so that memory does not grow with the size of the images. */
const BATCH_PIXELS = 32 * 64 * 64;

export function batchSizeFor({ height, width }: ImageShape): number {
  return Math.max(1, Math.floor(BATCH_PIXELS / (height * width)));
}

/**
 * The probabilities of a batch, with the augmentation of the evaluation.
 * @param pixels uint8 [count, height, width, channels]. @returns float32 [count, classes]
 */
export async function answerBatch(
  network: Network,
  pixels: Uint8Array,
  count: number,
  { tta, image }: Pick<EvaluationSetup, 'tta' | 'image'>,
): Promise<Float32Array> {
  const plain = await network(Float32Array.from(pixels), count);
  if (tta === 'none') return plain;
  const mirrored = await network(Float32Array.from(mirror(pixels, image)), count);
  return plain.map((probability, place) => (probability + (mirrored[place] ?? 0)) / 2);
}

/** Every row of pixels from right to left. @param pixels uint8 [count, height, width, channels] */
export function mirror(pixels: Uint8Array, { width, channels }: ImageShape): Uint8Array {
  const row = width * channels;
  const mirrored = new Uint8Array(pixels.length);
  for (let start = 0; start < pixels.length; start += row) {
    for (let x = 0; x < width; x++) {
      const from = start + (width - 1 - x) * channels;
      mirrored.set(pixels.subarray(from, from + channels), start + x * channels);
    }
  }
  return mirrored;
}
