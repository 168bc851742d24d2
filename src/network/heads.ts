import type { NetworkDescription } from './description.js';
import { convLayer, type Layer, normLayer } from './layers.js';

/** Layers that stage k < K-1 trains to have its own loss. */
export interface LocalHead {
  /**
   * The stages between o_k and the loss, as layers that stage k trains for itself. They bear the names of the originals, which
   * decide initial weights, dropout masks and learning rates. Empty where the head is on o_k itself.
   */
  readonly copies: readonly Layer[];
  /** The output of the copies [B,h,w,c] -> logits [B,classes]; empty where the copies end with the head of the network. */
  readonly classifier: readonly Layer[];
  /** o_k, resized to the height and width of the images -> images [B,H,W,C]; null without a decoder. */
  readonly decoder: readonly Layer[] | null;
}

/**
 * The local head of `stage`, whose last block has the index `boundary - 1`: a 3x3 convolution of stride 2 with the
 * same channels, batch norm and ReLU, global average pooling, and a dense layer (after Belilovsky et al.,
 * arXiv:1901.08164, section 4.1, with one convolution). The decoder is one 3x3 convolution to the channels of the
 * images (after Wang et al., arXiv:2101.10832, section 3.2, whose decoders have two), and a batch norm. The target
 * images are normalized, too, and without the batch norm a step at the learning rate of the stages overshoots.
 */
export function localHead(
  network: NetworkDescription,
  stage: number,
  boundary: number,
  hasDecoder: boolean,
): LocalHead {
  const { output, rectified } = network.blocks[boundary - 1]!;
  const name = (layer: string) => `head${stage}/${layer}`;
  const conv = convLayer(name('conv'), 3, 2, output, output.channels, network.padding);
  const { height, width, channels } = network.image;
  const decoder = convLayer(name('decoder'), 3, 1, { height, width, channels: output.channels }, channels);
  return {
    copies: [],
    classifier: [
      // Pre-activation blocks end before a batch norm, so the head starts with one.
      ...(rectified ? [] : [normLayer(name('norm_in'), output, true)]),
      conv,
      normLayer(name('norm'), conv.output, true),
      { op: 'pool', name: name('pool'), input: conv.output },
      { op: 'dense', name: name('dense'), inputs: output.channels, outputs: network.classes },
    ],
    decoder: hasDecoder ? [decoder, normLayer(name('decoder_norm'), decoder.output, false)] : null,
  };
}

/** Whether a parameter belongs to a layer that tells classes apart: the dense layer of the network or of a local head. */
export function isOfClasses(parameter: string): boolean {
  return /^head\d*\/dense\//.test(parameter);
}

/** All trained layers of the head of a stage; empty if it has none. */
export function headLayers({ head }: { readonly head: LocalHead | null }): Layer[] {
  return head ? [...head.copies, ...head.classifier, ...(head.decoder ?? [])] : [];
}
