import type { Network } from './predict.js';

/** All that a network says of some images. */
export interface Outputs {
  /** float32 [count, classes] */
  readonly probabilities: Float32Array;
  /** float32 [count, size]; null for a file without features. */
  readonly features: Float32Array | null;
}

/** A loaded model: pixels 0..255 [count,H,W,C] -> its outputs. */
export type Answerer = (pixels: Float32Array, count: number) => Promise<Outputs>;

/** The same model for whoever needs the probabilities alone. */
export const probabilitiesOf =
  (answer: Answerer): Network =>
  async (pixels, count) =>
    (await answer(pixels, count)).probabilities;
