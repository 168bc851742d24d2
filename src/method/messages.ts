import type { ResolvedMethod } from '../contract/spec.js';

type Corrections = ResolvedMethod['corrections'];

const FLOAT_BYTES = 4;

/** Rules of every `corrections.precision` and `stream.precision` of the contract. The codecs: src/trainer/messages/codecs/. */
export const MESSAGE_PRECISIONS: Readonly<
  Record<Corrections['precision'], { readonly bytesPerValue: number; readonly isExact?: boolean }>
> = {
  float32: { bytesPerValue: FLOAT_BYTES, isExact: true },
  float16: { bytesPerValue: 2 },
  // One scale for every 64 values.
  int8: { bytesPerValue: 1 + FLOAT_BYTES / 64 },
};

/** Rules of every `corrections.filter` of the contract. The filters: src/trainer/messages/filter.ts. */
export const MESSAGE_FILTERS: Readonly<Record<Corrections['filter'], { readonly share: number }>> = {
  none: { share: 1 },
  // One value for each window of 2x2.
  'average-2': { share: 1 / 4 },
};

/** Bytes of records that a trainer writes from one collection of their arrays to the next, which takes about 1 ms. */
export const COLLECTED_BYTES = 2 ** 22;

/** Number format of what stages of a pipeline pass to each other; null for float32 as it is. */
export function streamRounding({ stream }: Pick<ResolvedMethod, 'stream'>): Corrections['precision'] | null {
  return MESSAGE_PRECISIONS[stream.precision].isExact ? null : stream.precision;
}

/** Mean bytes that a value of a stream takes. */
export function streamBytesPerValue({ stream }: Pick<ResolvedMethod, 'stream'>): number {
  return MESSAGE_PRECISIONS[stream.precision].bytesPerValue;
}

/** Mean bytes that a value of a message takes. */
export function messageBytesPerValue({ precision, filter }: Corrections): number {
  return MESSAGE_PRECISIONS[precision].bytesPerValue * MESSAGE_FILTERS[filter].share;
}
