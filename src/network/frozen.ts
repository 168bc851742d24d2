import type { NetworkDescription } from './description.js';
import type { Layer } from './layers.js';

/** Blocks that training leaves as they are, from the input on. */
export interface FrozenBlocks {
  readonly blocks: number;
  /** `frozen`: their batch norms keep the statistics, too. `estimate`: they normalize by the batch, as trained blocks do. */
  readonly norm: 'frozen' | 'estimate';
}

/** The same network with its stem and first blocks frozen. */
export function freezeBlocks(
  network: NetworkDescription,
  { blocks: count, norm }: FrozenBlocks,
): NetworkDescription {
  const keeps = norm === 'frozen';
  return {
    ...network,
    stem: network.stem.map((layer) => frozenLayer(layer, keeps)),
    blocks: network.blocks.map((block, index) =>
      index < count ? { ...block, layers: block.layers.map((layer) => frozenLayer(layer, keeps)) } : block,
    ),
  };
}

function frozenLayer(layer: Layer, keepsStatistics: boolean): Layer {
  switch (layer.op) {
    case 'conv':
      return { ...layer, frozen: true };
    case 'norm':
      return { ...layer, frozen: true, ...(keepsStatistics && { keepsStatistics: true }) };
    case 'residual': {
      const inner = (layers: readonly Layer[]) => layers.map((each) => frozenLayer(each, keepsStatistics));
      return { ...layer, branch: inner(layer.branch), shortcut: inner(layer.shortcut) };
    }
    default:
      return layer;
  }
}

/** Number of blocks that are frozen: only the first ones of a network are. */
export function countFrozen({ stem, blocks }: NetworkDescription): number {
  if (!isFrozen(stem)) return 0;
  const trained = blocks.findIndex(({ layers }) => !isFrozen(layers));
  return trained < 0 ? blocks.length : trained;
}

/** Number of frozen blocks that the first stage has before its own: one block stays its own, even where all are frozen. */
export function countFolded(network: NetworkDescription): number {
  return Math.min(countFrozen(network), network.blocks.length - 1);
}

/** The network with `countFolded` frozen blocks as part of the stem: what is left of it can be cut at every block. */
export function trainedBlocks(network: NetworkDescription): NetworkDescription {
  const count = countFolded(network);
  if (count === 0) return network;
  const frozen = network.blocks.slice(0, count).flatMap(({ layers }) => layers);
  return { ...network, stem: [...network.stem, ...frozen], blocks: network.blocks.slice(count) };
}

/** Divides layers into the frozen ones at their start and all others. */
export function splitFrozen(layers: readonly Layer[]): {
  readonly frozen: readonly Layer[];
  readonly trained: readonly Layer[];
} {
  const isOfFrozen = layers.map((layer) => isFrozen([layer]));
  const last = isOfFrozen.lastIndexOf(true);
  return { frozen: layers.slice(0, last + 1), trained: layers.slice(last + 1) };
}

function isFrozen(layers: readonly Layer[]): boolean {
  return layers.some(
    (layer) =>
      ((layer.op === 'conv' || layer.op === 'norm') && layer.frozen === true) ||
      (layer.op === 'residual' && (isFrozen(layer.branch) || isFrozen(layer.shortcut))),
  );
}
