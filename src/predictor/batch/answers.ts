import type { BatchSetup } from '../../contract/batch-protocol.js';
import type { RankedClass } from '../../contract/predictor-protocol.js';
import type { Answerer, Outputs } from '../answerer.js';
import { topClasses } from '../predict.js';

export interface Answer {
  readonly by: BatchSetup['variant'];
  readonly ranked: readonly RankedClass[];
  readonly embedding: readonly number[] | null;
}

/** The networks of a batch prediction. */
export interface Networks {
  readonly main: Answerer;
  /** Null without a cascade. */
  readonly compact: Answerer | null;
}

/** Answers for images, in order. @param images uint8 [height, width, channels] each */
export async function answerAll(
  { main, compact }: Networks,
  images: readonly Uint8Array[],
  setup: BatchSetup,
): Promise<Answer[]> {
  if (images.length === 0) return [];
  if (compact === null || setup.cascade === null) return ask(main, images, setup.variant, setup);
  const { threshold } = setup.cascade;
  const quick = await ask(compact, images, 'compact', setup);
  const isSure = ({ ranked }: Answer): boolean => (ranked[0]?.probability ?? 0) >= threshold;
  const rest = images.filter((_, index) => !quick[index] || !isSure(quick[index]));
  const slow = rest.length === 0 ? [] : await ask(main, rest, setup.variant, setup);
  const later = slow.values();
  return quick.map((answer) => (isSure(answer) ? answer : (later.next().value ?? answer)));
}

async function ask(
  network: Answerer,
  images: readonly Uint8Array[],
  by: Answer['by'],
  { topK, embedding }: BatchSetup,
): Promise<Answer[]> {
  const outputs = await network(Float32Array.from(Buffer.concat(images)), images.length);
  return images.map((_, index) => ({
    by,
    ranked: topClasses(rowOf(outputs.probabilities, index, images.length), topK),
    embedding: embedding ? [...rowOf(featuresOf(outputs), index, images.length)] : null,
  }));
}

function featuresOf({ features }: Outputs): Float32Array {
  if (features === null) throw new Error('the file of the network has no features');
  return features;
}

function rowOf(values: Float32Array, index: number, rows: number): Float32Array {
  const size = values.length / rows;
  return values.subarray(index * size, (index + 1) * size);
}
