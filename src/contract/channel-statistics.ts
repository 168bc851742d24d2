/** Mean and standard deviation of each channel, of pixels in 0..255. A constant channel has deviation 1. */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  readonly standard_deviation: readonly number[];
}

/** Counts pixel values, so that the statistics of any number of images are exact and need one pass. */
export class PixelHistogram {
  readonly #counts: readonly Float64Array[];

  constructor(channels: number) {
    this.#counts = Array.from({ length: channels }, () => new Float64Array(256));
  }

  /** @param pixels uint8 [..., channels] */
  add(pixels: Uint8Array): void {
    const channels = this.#counts.length;
    for (let index = 0; index < pixels.length; index++) this.#counts[index % channels]![pixels[index]!]!++;
  }

  /** Of all that was added; NaN where nothing was. */
  statistics(): ChannelStatistics {
    const moments = this.#counts.map((histogram) => {
      const total = histogram.reduce((sum, n) => sum + n, 0);
      const moment = (power: number) =>
        histogram.reduce((sum, n, value) => sum + n * value ** power, 0) / total;
      const mean = moment(1);
      return { mean, deviation: Math.sqrt(Math.max(moment(2) - mean * mean, 0)) || 1 };
    });
    return { mean: moments.map((m) => m.mean), standard_deviation: moments.map((m) => m.deviation) };
  }
}

/** @param images uint8 [..., channels] */
export function channelStatistics(images: Uint8Array, channels: number): ChannelStatistics {
  const histogram = new PixelHistogram(channels);
  histogram.add(images);
  return histogram.statistics();
}
