/** What one device takes for the parts of a training step, in seconds. */
export interface CostRates {
  /** A unit of work (cost.ts) of a forward pass, and of the backward pass over the same layer, both of its gradients. */
  readonly forward: number;
  readonly backward: number;
  /** A value of a boundary: coupling loss and its gradient. */
  readonly coupling: number;
  /** A value of a message between stages, for whoever writes it and for whoever reads it: encoding, checks and the file. */
  readonly message: number;
  /** A trained parameter: the optimiser's update. */
  readonly update: number;
  /** An image: the time that the loop waits for it. */
  readonly data: number;
}

/**
 * Where nothing has been measured: one thread of an AVX-512 core in float32 (docs/performance.md: "What a
 * layer costs"; an update of ResNet-18's 11.7 million weights 70 ms; half-precision messages; batches are made beside the loop). Other devices differ
 * by orders of magnitude in all of them together, and less in their ratios, on which speed-ups rest.
 */
export const ESTIMATED_RATES: CostRates = {
  forward: 1.25e-11,
  backward: 2.5e-11,
  coupling: 3e-9,
  message: 6e-9,
  update: 6e-9,
  data: 0,
};
