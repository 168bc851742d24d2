/** Seconds that one device takes for the parts of a training step. */
export interface CostRates {
  /**
   * Seconds per unit of work (cost.ts): of a forward pass, and of the backward pass over the same layer with both
   * gradients.
   */
  readonly forward: number;
  readonly backward: number;
  /** Seconds per value of a boundary: coupling loss and its gradient. */
  readonly coupling: number;
  /** Seconds per value of a message, for its writer and for its reader: encoding, checks and the file. */
  readonly message: number;
  /** Seconds per trained parameter: the update of the optimizer. */
  readonly update: number;
  /** Seconds per image for which the training loop waits. */
  readonly data: number;
}

/**
 * Rates without measurements: one thread of an AVX-512 core in float32 (docs/performance.md, "What a layer costs").
 * The update of ResNet-18's 11.7 million weights takes 70 ms; messages are half-precision; batches are made in
 * parallel. On other devices all rates differ by orders of magnitude, but their ratios, on which speed-ups depend,
 * differ less.
 */
export const ESTIMATED_RATES: CostRates = {
  forward: 1.25e-11,
  backward: 2.5e-11,
  coupling: 3e-9,
  message: 6e-9,
  update: 6e-9,
  data: 0,
};
