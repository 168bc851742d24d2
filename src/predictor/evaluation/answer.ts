import type { ImageShape } from '../../contract/spec.js';
import type { Network } from '../predict.js';

/** Maximum number of pixels in a batch, so that memory does not grow with the size of the images. */
const BATCH_PIXELS = 32 * 64 * 64;

export function batchSizeFor({ height, width }: ImageShape): number {
  return Math.max(1, Math.floor(BATCH_PIXELS / (height * width)));
}

/**
 * The mean of the probabilities for each view of a batch. Equal views get exactly the probabilities of one: float64 holds the sum
 * of five equal float32 numbers.
 * @param views uint8 [count, height, width, channels] each. @returns float32 [count, classes]
 */
export async function answerBatch(
  network: Network,
  views: readonly Uint8Array[],
  count: number,
): Promise<Float32Array> {
  const answers: Float32Array[] = [];
  for (const pixels of views) answers.push(await network(Float32Array.from(pixels), count));
  const sumAt = (place: number) => answers.reduce((sum, answer) => sum + (answer[place] ?? 0), 0);
  return Float32Array.from(answers[0] ?? [], (_, place) => sumAt(place) / views.length);
}
