/** Mean and standard deviation of each channel, for pixels in 0..255. A constant channel has deviation 1. */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  readonly standard_deviation: readonly number[];
}

/**
 * Mean and deviation from the sum of `count` values and the sum of their squares. A constant channel has deviation
 * 1, because values are divided by it.
 */
export function momentsOf(count: number, sum: number, squares: number): { mean: number; deviation: number } {
  const mean = sum / count;
  return { mean, deviation: Math.sqrt(Math.max(squares / count - mean * mean, 0)) || 1 };
}

export function toStatistics(moments: readonly ReturnType<typeof momentsOf>[]): ChannelStatistics {
  return {
    mean: moments.map(({ mean }) => mean),
    standard_deviation: moments.map(({ deviation }) => deviation),
  };
}

/** Counts pixel values, so that the statistics of any number of images are exact and need only one pass. */
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

  /** Statistics of all added images; NaN if there are none. */
  statistics(): ChannelStatistics {
    const moments = this.#counts.map((histogram) => {
      const sumOf = (power: number) => histogram.reduce((sum, n, value) => sum + n * value ** power, 0);
      return momentsOf(sumOf(0), sumOf(1), sumOf(2));
    });
    return toStatistics(moments);
  }
}

/** @param images uint8 [..., channels] */
export function channelStatistics(images: Uint8Array, channels: number): ChannelStatistics {
  const histogram = new PixelHistogram(channels);
  histogram.add(images);
  return histogram.statistics();
}
