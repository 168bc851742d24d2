import type { ConvLayer, DenseLayer, Layer, NormLayer } from './layers.js';

/** A convolution whose output no other part of a network reads: its channels can be removed and added. */
export interface HiddenConvolution {
  readonly conv: ConvLayer;
  /** The batch norm behind it, with a scale and a shift for each channel. */
  readonly norm: NormLayer;
  /** The layer that reads the channels, directly or as their means over height and width. */
  readonly reader: ConvLayer | DenseLayer;
}

/** The hidden convolutions of a chain of layers like an AuxNet or the classifier of a local head, from its input on. */
export function hiddenConvolutions(layers: readonly Layer[]): HiddenConvolution[] {
  return layers.flatMap((conv, index) => {
    const norm = layers[index + 1];
    const reader = layers.slice(index + 2).find(({ op }) => op !== 'pool');
    if (conv.op !== 'conv' || norm?.op !== 'norm') return [];
    return reader?.op === 'conv' || reader?.op === 'dense' ? [{ conv, norm, reader }] : [];
  });
}

/** Number of hidden channels of a chain, by the name of their convolution. */
export type ChannelCounts = ReadonlyMap<string, number>;

export function channelCounts(layers: readonly Layer[]): ChannelCounts {
  return new Map(hiddenConvolutions(layers).map(({ conv }) => [conv.name, conv.output.channels]));
}

/**
 * The chain with so many hidden channels, at least 1 each; convolutions without a count keep theirs. Its input and its
 * output have the same channels as before.
 */
export function withChannels<L extends Layer>(layers: readonly L[], counts: ChannelCounts): L[] {
  const hidden = channelCounts(layers);
  // Channels of the last hidden convolution, until the layer that reads them.
  let open: number | null = null;
  return layers.map((layer): L => {
    if (layer.op === 'conv') {
      const read: ConvLayer = open === null ? layer : { ...layer, input: { ...layer.input, channels: open } };
      const own = hidden.get(layer.name);
      open = own === undefined ? null : (counts.get(layer.name) ?? own);
      return (open === null ? read : { ...read, output: { ...read.output, channels: open } }) as L;
    }
    if (open === null) return layer;
    if (layer.op === 'norm') return { ...layer, output: { ...layer.output, channels: open } };
    if (layer.op === 'pool') return { ...layer, input: { ...layer.input, channels: open } };
    if (layer.op !== 'dense') throw new Error(`${layer.op} does not stand behind a hidden convolution`);
    const inputs: number = open;
    open = null;
    return { ...layer, inputs };
  });
}
