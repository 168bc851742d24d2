import { messageOf } from '../contract/message-of.js';
import { outageOf } from '../contract/outages.js';
import type { PredictionOutcome, PredictionTask, RankedClass } from '../contract/predictor-protocol.js';
import { BlobCorruptError, BlobMissingError } from '../storage/errors.js';
import { readFile } from './decode.js';
import { PredictionFailure } from './failure.js';
import type { Sessions } from './sessions.js';

/** A loaded model: pixels 0..255 [count,H,W,C] -> class probabilities [count,classes]. */
export type Network = (pixels: Float32Array, count: number) => Promise<Float32Array>;

/**
 * Maximum number of pixels in a batch. Larger images use smaller batches, so that memory does not grow with their
 * size.
 */
const BATCH_PIXELS = 32 * 64 * 64;

/** Answers a task. Errors are part of the answer. The signal stops it between two images or two batches. */
export async function predict(
  sessions: Sessions<Network>,
  task: PredictionTask,
  now: () => number,
  cancelled: AbortSignal,
): Promise<PredictionOutcome> {
  try {
    const started = now();
    const images = await readImages(task, cancelled);
    const decoded = now();
    return await sessions.use(task.uri, async (network) => {
      const loaded = now();
      const predictions = await predictAll(network, images, task, cancelled);
      const ms = { decode: decoded - started, load: loaded - decoded, compute: now() - loaded };
      return { ok: true, predictions, ms };
    });
  } catch (error) {
    return failureOf(error);
  }
}

function failureOf(error: unknown): PredictionOutcome {
  if (error instanceof PredictionFailure) {
    return { ok: false, code: error.code, message: error.message, index: error.index };
  }
  const code =
    error instanceof BlobMissingError
      ? 'blob_missing'
      : error instanceof BlobCorruptError
        ? 'blob_corrupt'
        : (outageOf(error) ?? 'internal');
  return { ok: false, code, message: messageOf(error), index: null };
}

function stopIf({ aborted }: AbortSignal): void {
  if (aborted) throw new PredictionFailure('prediction_late', 'nobody waits for the answer any more');
}

async function readImages(
  { kind, items, image, storage }: PredictionTask,
  cancelled: AbortSignal,
): Promise<Uint8Array[]> {
  const images: Uint8Array[] = [];
  // One after another, so that only one decoded image is in memory at a time.
  for (const [index, item] of items.entries()) {
    stopIf(cancelled);
    const bytes = Buffer.from(item, 'base64');
    images.push(kind === 'pixels' ? bytes : await readFile(bytes, index, image, storage));
  }
  return images;
}

async function predictAll(
  network: Network,
  images: readonly Uint8Array[],
  { image, topK }: PredictionTask,
  cancelled: AbortSignal,
): Promise<RankedClass[][]> {
  const batchSize = Math.max(1, Math.floor(BATCH_PIXELS / (image.height * image.width)));
  const predictions: RankedClass[][] = [];
  for (let start = 0; start < images.length; start += batchSize) {
    stopIf(cancelled);
    const batch = images.slice(start, start + batchSize);
    const probabilities = await network(Float32Array.from(Buffer.concat(batch)), batch.length);
    const classes = probabilities.length / batch.length;
    for (let row = 0; row < batch.length; row++) {
      predictions.push(topClasses(probabilities.subarray(row * classes, (row + 1) * classes), topK));
    }
  }
  return predictions;
}

/** The lower index comes first among equally probable classes. */
export function topClasses(probabilities: Float32Array, count: number): RankedClass[] {
  return [...probabilities]
    .map((probability, index) => ({ index, probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, count);
}
