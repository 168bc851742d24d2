import type { ModelVariantName } from './client/models.js';

/** Number of classes that are kept for each image. */
export const TOP_CLASSES = 3;

/** Predictions of a network on the test images, in the order of the dataset. n images, k = min(3, number of classes). */
export interface TestPredictions {
  /** Classes that the images have. [n] */
  readonly labels: Uint16Array;
  /** The most probable classes, the most probable first. [n*k] */
  readonly classes: Uint16Array;
  /** Probabilities of `classes`. [n*k] */
  readonly probabilities: Float32Array;
}

/** Name of the artifact with the predictions of a network. */
export function predictionsFile(variant: ModelVariantName): string {
  return `predictions/${variant}.safetensors`;
}

/** A file that is not one of predictions. */
export class InvalidPredictionsError extends Error {}

const LENGTH_BYTES = 8;
/** The header is padded to a multiple of this, so that each array starts at a multiple of its element size. */
const ALIGNMENT = 8;

/**
 * Encodes predictions as safetensors (github.com/huggingface/safetensors): length of the header as uint64, JSON header,
 * then `probabilities` F32 [n,k], `classes` U16 [n,k] and `labels` U16 [n]. Python reads it with
 * `safetensors.numpy.load_file`.
 */
export function encodePredictions({ labels, classes, probabilities }: TestPredictions): Uint8Array {
  const n = labels.length;
  const k = n === 0 ? 0 : classes.length / n;
  const arrays = [probabilities, classes, labels];
  const ends = arrays.map((_, index) =>
    arrays.slice(0, index + 1).reduce((sum, { byteLength }) => sum + byteLength, 0),
  );
  const place = (index: number) => [ends[index - 1] ?? 0, ends[index] ?? 0];
  const header = new TextEncoder().encode(
    JSON.stringify({
      probabilities: { dtype: 'F32', shape: [n, k], data_offsets: place(0) },
      classes: { dtype: 'U16', shape: [n, k], data_offsets: place(1) },
      labels: { dtype: 'U16', shape: [n], data_offsets: place(2) },
    }),
  );
  const padded = Math.ceil(header.length / ALIGNMENT) * ALIGNMENT;
  const start = LENGTH_BYTES + padded;
  const bytes = new Uint8Array(start + (ends.at(-1) ?? 0)).fill(0x20, LENGTH_BYTES, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(header, LENGTH_BYTES);
  arrays.forEach(({ buffer, byteOffset, byteLength }, index) => {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), start + (ends[index - 1] ?? 0));
  });
  return bytes;
}

/** @throws InvalidPredictionsError */
export function decodePredictions(bytes: Uint8Array): TestPredictions {
  const { header, data } = readHeader(bytes);
  const [n = 0, k = 0] = header.probabilities?.shape ?? [];
  const [probabilities, classes, labels] = [4 * n * k, 2 * n * k, 2 * n];
  if (data.length !== probabilities + classes + labels) {
    throw new InvalidPredictionsError(
      `${data.length} bytes do not hold ${k} classes for each of ${n} images`,
    );
  }
  const { buffer } = data;
  return {
    probabilities: new Float32Array(buffer, 0, n * k),
    classes: new Uint16Array(buffer, probabilities, n * k),
    labels: new Uint16Array(buffer, probabilities + classes, n),
  };
}

interface Header {
  readonly probabilities?: { readonly shape?: readonly number[] };
}

function readHeader(bytes: Uint8Array): { header: Header; data: Uint8Array<ArrayBuffer> } {
  if (bytes.length < LENGTH_BYTES) throw new InvalidPredictionsError('the file is cut short');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const start = LENGTH_BYTES + length;
  if (start > bytes.length) throw new InvalidPredictionsError('the file is cut short');
  const header: Header = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, start)));
  // A copy, because a view of four-byte numbers must start at a multiple of four.
  return { header, data: Uint8Array.from(bytes.subarray(start)) };
}
