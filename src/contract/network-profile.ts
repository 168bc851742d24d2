/** Seconds of one pass over a batch; the backward one makes both of its gradients. */
export interface PassSeconds {
  readonly forward: number;
  readonly backward: number;
}

/** Of what is trained beside a stage at a boundary: an AuxNet that makes block `boundary`'s input, or a local head on it. */
export interface PassAtBoundary extends PassSeconds {
  /** Blocks before it, from 1 up. */
  readonly boundary: number;
  /** What was timed, in units of src/network/cost.ts, an image: others cost in proportion. */
  readonly work: number;
}

/** What one device takes for a network's parts, each by itself, in training steps of `batch` images. */
export interface NetworkProfile {
  readonly batch: number;
  readonly stem: PassSeconds;
  readonly blocks: readonly PassSeconds[];
  /** From the last block's output to the gradient of the labels' loss there. */
  readonly head: PassSeconds;
  /** Some boundaries' AuxNets and local heads, by boundary; none where the network has one block. */
  readonly auxiliaries: readonly PassAtBoundary[];
  readonly heads: readonly PassAtBoundary[];
  /** Seconds a value of a boundary: the coupling loss with its gradient; writing a message, and reading it. */
  readonly coupling: number;
  readonly send: number;
  readonly receive: number;
  /** Trained ones of the network, and seconds that the optimiser's update takes for each. */
  readonly parameters: number;
  readonly update: number;
}
