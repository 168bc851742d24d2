import type { Layer, Shape } from './layers.js';

/**
 * A residual network cut at its blocks. `stem` belongs to the first stage and `head` to the last.
 */
export interface NetworkDescription {
  readonly image: Shape;
  readonly classes: number;
  readonly stem: readonly Layer[];
  readonly blocks: readonly Block[];
  readonly head: readonly Layer[];
}

export interface Block {
  readonly layers: readonly Layer[];
  readonly input: Shape;
  readonly output: Shape;
  /** Whether the output went through a ReLU: an AuxNet that stands for it ends the same way. */
  readonly rectified: boolean;
}

/** Layers of blocks [start, end): with the stem where the range starts the network, the head where it ends it. */
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
