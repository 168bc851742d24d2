import type { ModelVariantName } from './client/models.js';
import {
  type ArrayToStore,
  type Dtype,
  encodeSafetensorsFile,
  InvalidSafetensorsError,
  readSafetensorsHeader,
} from './safetensors.js';

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

/** Encodes predictions as safetensors: `probabilities` F32 [n,k], `classes` U16 [n,k] and `labels` U16 [n]. */
export function encodePredictions({ labels, classes, probabilities }: TestPredictions): Uint8Array {
  const n = labels.length;
  const k = n === 0 ? 0 : classes.length / n;
  const arrays = new Map<string, ArrayToStore>([
    ['probabilities', { dtype: 'F32', shape: [n, k], bytes: bytesOf(probabilities) }],
    ['classes', { dtype: 'U16', shape: [n, k], bytes: bytesOf(classes) }],
    ['labels', { dtype: 'U16', shape: [n], bytes: bytesOf(labels) }],
  ]);
  return encodeSafetensorsFile(arrays, null);
}

/** @throws InvalidPredictionsError */
export function decodePredictions(bytes: Uint8Array): TestPredictions {
  const { tensors } = headerOf(bytes);
  // A copy, because a view of four-byte numbers must start at a multiple of four.
  const array = (name: string, dtype: Dtype) => {
    const place = tensors.get(name);
    if (place?.dtype !== dtype) throw new InvalidPredictionsError(`the file has no ${name} of type ${dtype}`);
    return new Uint8Array(bytes.subarray(place.begin, place.end)).buffer;
  };
  const predictions = {
    probabilities: new Float32Array(array('probabilities', 'F32')),
    classes: new Uint16Array(array('classes', 'U16')),
    labels: new Uint16Array(array('labels', 'U16')),
  };
  const { labels, classes, probabilities } = predictions;
  if (classes.length !== probabilities.length || (labels.length > 0 && classes.length % labels.length > 0)) {
    throw new InvalidPredictionsError(
      `${classes.length} classes are not equally many for each of ${labels.length} images`,
    );
  }
  return predictions;
}

function headerOf(bytes: Uint8Array) {
  try {
    return readSafetensorsHeader(bytes);
  } catch (error) {
    if (!(error instanceof InvalidSafetensorsError)) throw error;
    throw new InvalidPredictionsError(`the file ${error.message}`);
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint16Array | Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
