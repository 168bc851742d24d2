import { encodeSafetensorsFile, readSafetensorsHeader } from '../../contract/safetensors.js';
import type { Answers } from '../../measures/index.js';

/** Answers of a part: `probabilities` F32 [n,c] and `labels` U16 [n]. */
export function encodeAnswers(labels: Uint16Array, probabilities: Float32Array, classes: number): Uint8Array {
  return encodeSafetensorsFile(
    new Map([
      ['probabilities', { dtype: 'F32', shape: [labels.length, classes], bytes: bytesOf(probabilities) }],
      ['labels', { dtype: 'U16', shape: [labels.length], bytes: bytesOf(labels) }],
    ]),
    null,
  );
}

/** The answers of all parts, one after another. */
export function joinAnswers(files: readonly Uint8Array[], classes: number): Answers {
  const parts = files.map((file) => decode(file));
  const images = parts.reduce((sum, { labels }) => sum + labels.length, 0);
  const labels = new Uint16Array(images);
  const probabilities = new Float32Array(images * classes);
  let first = 0;
  for (const part of parts) {
    labels.set(part.labels, first);
    probabilities.set(part.probabilities, first * classes);
    first += part.labels.length;
  }
  return { classes, labels, probabilities };
}

function decode(file: Uint8Array): { labels: Uint16Array; probabilities: Float32Array } {
  const { tensors } = readSafetensorsHeader(file);
  // A copy, because a view of four-byte numbers must start at a multiple of four.
  const bytes = (name: string): ArrayBuffer => {
    const place = tensors.get(name);
    if (place === undefined) throw new Error(`a part of an evaluation has no ${name}`);
    return new Uint8Array(file.subarray(place.begin, place.end)).buffer;
  };
  return {
    labels: new Uint16Array(bytes('labels')),
    probabilities: new Float32Array(bytes('probabilities')),
  };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint16Array | Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
