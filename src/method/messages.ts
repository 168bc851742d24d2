import type { ResolvedMethod } from '../contract/spec.js';

type Corrections = ResolvedMethod['corrections'];

const FLOAT_BYTES = 4;

/** Rules of every `corrections.precision` of the contract. The codecs: src/trainer/messages/codecs/. */
export const MESSAGE_PRECISIONS: Readonly<
  Record<Corrections['precision'], { readonly bytesPerValue: number }>
> = {
  float32: { bytesPerValue: FLOAT_BYTES },
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

/** Mean bytes that a value of a message takes. */
export function messageBytesPerValue({ precision, filter }: Corrections): number {
  return MESSAGE_PRECISIONS[precision].bytesPerValue * MESSAGE_FILTERS[filter].share;
}
