import type { SplitReader } from './split-reader.js';

/** Images [first, first + count) of a split as one of their own, which takes the split over. */
export function sliceOf(reader: SplitReader, first: number, count: number): SplitReader {
  return {
    manifest: reader.manifest,
    labels: reader.labels.subarray(first, first + count),
    count,
    imageBytes: reader.imageBytes,
    lanes: reader.lanes,
    readImage: (index, target, crop) => reader.readImage(first + index, target, crop),
    close: () => reader.close(),
  };
}
