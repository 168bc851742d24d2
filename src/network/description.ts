import type { Layer, Shape } from './layers.js';
import type { PaddingRule } from './padding.js';

/** A residual network, divided at its blocks. `stem` belongs to the first stage and `head` to the last. */
export interface NetworkDescription {
  readonly image: Shape;
  readonly classes: number;
  /** AuxNets and local heads have the same. */
  readonly padding: PaddingRule;
  readonly stem: readonly Layer[];
  readonly blocks: readonly Block[];
  readonly head: readonly Layer[];
  /** Whether the job stores what the frozen blocks make of the images, so that no step computes it. Absent: it does not. */
  readonly storesFrozen?: boolean;
  /**
   * The network that this one becomes in a job with levels: AuxNets are sized by it, and splits count its blocks. Absent: itself.
   */
  readonly whole?: NetworkDescription;
}

/** Number of blocks of the whole network for each block of this one. */
export function blockFactor({ blocks, whole }: NetworkDescription): number {
  return whole ? whole.blocks.length / blocks.length : 1;
}

/** The network whose blocks splits and boundaries of stages count. */
export function countedNetwork(network: NetworkDescription): NetworkDescription {
  return network.whole ?? network;
}

export interface Block {
  readonly layers: readonly Layer[];
  readonly input: Shape;
  readonly output: Shape;
  /** Whether the output is the result of a ReLU. An AuxNet that replaces it then also ends with a ReLU. */
  readonly rectified: boolean;
}

/**
 * Layers of the blocks [start, end), including the stem if the range starts the network and the head if it ends it.
 */
export function layersOfRange(network: NetworkDescription, start: number, end: number): Layer[] {
  return [
    ...(start === 0 ? network.stem : []),
    ...network.blocks.slice(start, end).flatMap((block) => block.layers),
    ...(end === network.blocks.length ? network.head : []),
  ];
}

export function wholeNetwork(network: NetworkDescription): Layer[] {
  return layersOfRange(network, 0, network.blocks.length);
}
