import type { BlobUri } from '../../contract/trainer-protocol.js';
import type { Shape } from '../../network/index.js';

/** A prepared dataset: two array files a split, which every trainer on a host reads through one page cache. */
export interface DatasetManifest {
  readonly name: string;
  readonly image: Shape;
  readonly classes: readonly string[];
  readonly splits: { readonly train: SplitManifest; readonly test: SplitManifest };
  /** Per channel, of pixels in 0..255 over the training images. */
  readonly mean: readonly number[];
  readonly standard_deviation: readonly number[];
}

export interface SplitManifest {
  readonly count: number;
  /** uint8 [count, height, width, channels] */
  readonly images: BlobUri;
  /** uint16, little endian [count] */
  readonly labels: BlobUri;
}

export function encodeManifest(manifest: DatasetManifest): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(manifest));
}

export function decodeManifest(bytes: Uint8Array): DatasetManifest {
  return JSON.parse(new TextDecoder().decode(bytes)) as DatasetManifest;
}

/** Mean and standard deviation of each channel. images: uint8 [..., channels] */
export function channelStatistics(
  images: Uint8Array,
  channels: number,
): Pick<DatasetManifest, 'mean' | 'standard_deviation'> {
  const counts = Array.from({ length: channels }, () => new Float64Array(256));
  for (let index = 0; index < images.length; index++) counts[index % channels]![images[index]!]!++;
  const moments = counts.map((histogram) => {
    const total = images.length / channels;
    const moment = (power: number) =>
      histogram.reduce((sum, n, value) => sum + n * value ** power, 0) / total;
    const mean = moment(1);
    return { mean, deviation: Math.sqrt(Math.max(moment(2) - mean * mean, 0)) || 1 };
  });
  return { mean: moments.map((m) => m.mean), standard_deviation: moments.map((m) => m.deviation) };
}
