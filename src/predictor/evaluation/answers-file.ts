import { encodeSafetensorsFile, readSafetensorsHeader } from '../../contract/safetensors.js';
import type { Answers, CascadeSeconds } from '../../measures/index.js';

/** The answers of the compact network, and the time of both. */
export interface CompactAnswers {
  /** [n*c] */
  readonly probabilities: Float32Array;
  readonly seconds: CascadeSeconds;
}

/** Answers of a part: `probabilities` F32 [n,c] and `labels` U16 [n]; for a cascade `compact` F32 [n,c] and `seconds` F32 [2]. */
export function encodeAnswers(
  labels: Uint16Array,
  probabilities: Float32Array,
  classes: number,
  compact: CompactAnswers | null,
): Uint8Array {
  const shape = [labels.length, classes];
  const seconds = Float32Array.of(compact?.seconds.full ?? 0, compact?.seconds.compact ?? 0);
  return encodeSafetensorsFile(
    new Map([
      ...(compact
        ? ([
            ['compact', { dtype: 'F32', shape, bytes: bytesOf(compact.probabilities) }],
            ['seconds', { dtype: 'F32', shape: [2], bytes: bytesOf(seconds) }],
          ] as const)
        : []),
      ['probabilities', { dtype: 'F32', shape, bytes: bytesOf(probabilities) }],
      ['labels', { dtype: 'U16', shape: [labels.length], bytes: bytesOf(labels) }],
    ]),
    null,
  );
}

/** The answers of the compact network in all parts, one after another. */
export function joinCompact(
  files: readonly Uint8Array[],
  { labels, classes }: Answers,
): { readonly answers: Answers; readonly seconds: CascadeSeconds } {
  const probabilities = new Float32Array(labels.length * classes);
  const seconds = { full: 0, compact: 0 };
  let first = 0;
  for (const file of files) {
    const own = new Float32Array(tensorOf(file, 'compact'));
    const [full = 0, compact = 0] = new Float32Array(tensorOf(file, 'seconds'));
    probabilities.set(own, first);
    first += own.length;
    seconds.full += full;
    seconds.compact += compact;
  }
  return { answers: { labels, classes, probabilities }, seconds };
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
  return {
    labels: new Uint16Array(tensorOf(file, 'labels')),
    probabilities: new Float32Array(tensorOf(file, 'probabilities')),
  };
}

/** A copy, because a view of four-byte numbers must start at a multiple of four. */
function tensorOf(file: Uint8Array, name: string): ArrayBuffer {
  const place = readSafetensorsHeader(file).tensors.get(name);
  if (place === undefined) throw new Error(`a part of an evaluation has no ${name}`);
  return new Uint8Array(file.subarray(place.begin, place.end)).buffer;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint16Array | Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
