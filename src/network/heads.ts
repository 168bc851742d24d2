import type { NetworkDescription } from './description.js';
import { convLayer, type Layer, normLayer } from './layers.js';

/** What a stage k < K-1 trains beside its layers to have a loss of its own. */
export interface LocalHead {
  /** o_k [B,h,w,c] -> logits [B,classes] */
  readonly classifier: readonly Layer[];
  /** o_k, resized to the images' height and width, -> images [B,H,W,C]; null without a decoder. */
  readonly decoder: readonly Layer[] | null;
}

/**
 * The head of `stage`, whose last block is number `boundary - 1`: a stride-2 3x3 convolution that keeps the channels,
 * batch norm and ReLU, global average pooling, a dense layer (after Belilovsky et al., arXiv:1901.08164, section 4.1,
 * with one convolution). The decoder is one 3x3 convolution to the images' channels (after Wang et al.,
 * arXiv:2101.10832, section 3.2, whose decoders have two), then batch norm: the images it is compared with are
 * normalised too, and without it a step at the stages' learning rate overshoots.
 */
export function localHead(
  network: NetworkDescription,
  stage: number,
  boundary: number,
  hasDecoder: boolean,
): LocalHead {
  const { output, rectified } = network.blocks[boundary - 1]!;
  const name = (layer: string) => `head${stage}/${layer}`;
  const conv = convLayer(name('conv'), 3, 2, output, output.channels);
  const { height, width, channels } = network.image;
  const decoder = convLayer(name('decoder'), 3, 1, { height, width, channels: output.channels }, channels);
  return {
    classifier: [
      // Pre-activation blocks end before their norm.
      ...(rectified ? [] : [normLayer(name('norm_in'), output, true)]),
      conv,
      normLayer(name('norm'), conv.output, true),
      { op: 'pool', name: name('pool'), input: conv.output },
      { op: 'dense', name: name('dense'), inputs: output.channels, outputs: network.classes },
    ],
    decoder: hasDecoder ? [decoder, normLayer(name('decoder_norm'), decoder.output, false)] : null,
  };
}

/** Everything that a stage's head trains; nothing where it has none. */
export function headLayers({ head }: { readonly head: LocalHead | null }): Layer[] {
  return head ? [...head.classifier, ...(head.decoder ?? [])] : [];
}
