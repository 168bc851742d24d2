/** Seconds of one pass over a batch. The backward pass computes both of its gradients. */
export interface PassSeconds {
  readonly forward: number;
  readonly backward: number;
}

/**
 * Times of a part that is trained at a boundary: an AuxNet that produces the input of block `boundary`, or a local
 * head on that input.
 */
export interface PassAtBoundary extends PassSeconds {
  /** Number of blocks before the boundary, from 1. */
  readonly boundary: number;
  /**
   * Measured work per image, in the units of src/network/cost.ts. The time of other sizes is proportional to it.
   */
  readonly work: number;
}

/** Times of the parts of a network on one device, each measured alone, in training steps of `batch` images. */
export interface NetworkProfile {
  readonly batch: number;
  readonly stem: PassSeconds;
  readonly blocks: readonly PassSeconds[];
  /** From the output of the last block to the gradient of the loss with respect to it. */
  readonly head: PassSeconds;
  /** AuxNets and local heads of some boundaries, by boundary. Empty if the network has one block. */
  readonly auxiliaries: readonly PassAtBoundary[];
  readonly heads: readonly PassAtBoundary[];
  /** Seconds per value of a boundary: the coupling loss with its gradient; writing a message, and reading it. */
  readonly coupling: number;
  readonly send: number;
  readonly receive: number;
  /** Number of trained parameters of the network, and seconds per parameter of the optimizer update. */
  readonly parameters: number;
  readonly update: number;
}
