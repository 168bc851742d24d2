import { type ChannelStatistics, momentsOf, toStatistics } from '../../contract/channel-statistics.js';
import { GrowingArray } from './growing.js';

/** Sums of pixels and of their squares for each image. The training images are only known at the end. */
export class MomentSums {
  /** For each image: its number of pixels, then the sum and the sum of squares of each channel. */
  readonly #sums = new GrowingArray((length) => new Float64Array(length));

  constructor(private readonly channels: number) {}

  /** @param pixels uint8 [..., channels]. @returns whether all channels are equal */
  add(pixels: Uint8Array): boolean {
    const { channels } = this;
    this.#sums.push(pixels.length / channels);
    let same = true;
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      let squares = 0;
      for (let index = channel; index < pixels.length; index += channels) {
        const value = pixels[index]!;
        sum += value;
        squares += value * value;
        if (same && value !== pixels[index - channel]) same = false;
      }
      this.#sums.push(sum);
      this.#sums.push(squares);
    }
    return same;
  }

  /** Exact statistics over the pixels of these images. */
  statistics(images: Iterable<number>, channels = this.channels): ChannelStatistics {
    const totals = new Float64Array(1 + 2 * channels);
    for (const image of images) {
      const start = image * (1 + 2 * this.channels);
      for (let index = 0; index < totals.length; index++) totals[index]! += this.#sums.at(start + index);
    }
    const [count = 0] = totals;
    const moments = Array.from({ length: channels }, (_, channel) =>
      momentsOf(count, totals[1 + 2 * channel]!, totals[2 + 2 * channel]!),
    );
    return toStatistics(moments);
  }
}
