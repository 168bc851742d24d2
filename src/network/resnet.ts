import { type BlockOptions, basicBlock, bottleneckBlock, preActivationBlock } from './blocks.js';
import type { Block, NetworkDescription } from './description.js';
import { convLayer, type Layer, maxPoolLayer, normLayer, type Shape } from './layers.js';
import type { PaddingRule } from './padding.js';

export type ModelFamily = 'resnet' | 'wide-resnet' | 'imagenet-resnet';

export interface ModelSize {
  readonly family: ModelFamily;
  readonly depth: number;
  /**
   * wide-resnet: the widening factor. Others: channels of the first group; for bottlenecks before the expansion.
   */
  readonly width: number;
  /** wide-resnet: share of values set to zero between the convolutions of a block in training. Absent: 0. */
  readonly dropout?: number;
  /** Absent: same. */
  readonly padding?: PaddingRule;
  /** Absent: false. */
  readonly zero_init_residual?: boolean;
}

/**
 * An imagenet-resnet divides the image size by 32. From 64 pixels, its last group still has 2x2 positions for batch
 * norm.
 */
export const MIN_IMAGENET_SIDE = 64;

/** Blocks of each group by depth (He et al., arXiv:1512.03385, table 1). */
const IMAGENET_GROUPS: Readonly<Record<number, readonly number[]>> = {
  18: [2, 2, 2, 2],
  34: [3, 4, 6, 3],
  50: [3, 4, 6, 3],
  101: [3, 4, 23, 3],
  152: [3, 8, 36, 3],
};
export const IMAGENET_DEPTHS: readonly number[] = Object.keys(IMAGENET_GROUPS).map(Number);
const SHALLOWEST_BOTTLENECK = 50;

/**
 * Residual blocks of each group, or null if the family does not have this depth: 6n+2, 6n+4, or a depth in the
 * table.
 */
export function blockGroups(family: ModelFamily, depth: number): readonly number[] | null {
  if (family === 'imagenet-resnet') return IMAGENET_GROUPS[depth] ?? null;
  const n = (depth - (family === 'resnet' ? 2 : 4)) / 6;
  return Number.isInteger(n) && n >= 1 ? [n, n, n] : null;
}

/**
 * `resnet`: CIFAR style (He et al., section 4.2) with projection shortcuts. `wide-resnet`: Zagoruyko and Komodakis,
 * arXiv:1605.07146, pre-activation. `imagenet-resnet`: He et al., table 1, version 1.5. With symmetric
 * padding these are the functions of torchvision and of PyTorch's CIFAR networks. With TensorFlow's SAME, stride-2
 * windows start a pixel later on even sizes, on the same number of positions.
 * @throws RangeError if the depth is not valid for the family, or the images are too small for it
 */
export function describeNetwork(model: ModelSize, image: Shape, classes: number): NetworkDescription {
  const groups = blockGroups(model.family, model.depth);
  if (groups === null)
    throw new RangeError(`depth ${model.depth} is not valid for the family ${model.family}`);
  const { family, width, dropout = 0, padding = 'same', zero_init_residual: zeroInit = false } = model;
  if (family === 'imagenet-resnet' && Math.min(image.height, image.width) < MIN_IMAGENET_SIDE) {
    throw new RangeError(`${family} requires images of at least ${MIN_IMAGENET_SIDE} pixels per side`);
  }
  const { layers: stem, output } = STEM[family](image, width, padding);
  const channels = family === 'wide-resnet' ? 16 * width : width;
  const blocks = chainBlocks(blockOf(model), groups, output, { channels, dropout, padding, zeroInit });
  const last = blocks.at(-1)!;
  const head: Layer[] = [
    ...(last.rectified ? [] : [normLayer('head/norm', last.output, true)]),
    { op: 'pool', name: 'head/pool', input: last.output },
    { op: 'dense', name: 'head/dense', inputs: last.output.channels, outputs: classes },
  ];
  return { image, classes, padding, stem, blocks, head };
}

interface Stem {
  readonly layers: readonly Layer[];
  readonly output: Shape;
}

const STEM: Record<ModelFamily, (image: Shape, width: number, padding: PaddingRule) => Stem> = {
  resnet: (image, width) => {
    const conv = convLayer('stem/conv', 3, 1, image, width);
    return { layers: [conv, normLayer('stem/norm', conv.output, true)], output: conv.output };
  },
  'wide-resnet': (image) => {
    const conv = convLayer('stem/conv', 3, 1, image, 16);
    return { layers: [conv], output: conv.output };
  },
  'imagenet-resnet': (image, width, padding) => {
    const conv = convLayer('stem/conv', 7, 2, image, width, padding);
    const pool = maxPoolLayer('stem/pool', 3, 2, conv.output, padding);
    return { layers: [conv, normLayer('stem/norm', conv.output, true), pool], output: pool.output };
  },
};

function blockOf({ family, depth }: ModelSize): (options: BlockOptions) => Block {
  if (family === 'wide-resnet') return preActivationBlock;
  return hasBottlenecks(family, depth) ? bottleneckBlock : basicBlock;
}

/** Whether its blocks have three convolutions. */
export function hasBottlenecks(family: ModelFamily, depth: number): boolean {
  return family === 'imagenet-resnet' && depth >= SHALLOWEST_BOTTLENECK;
}

/** Every group except the first starts with stride 2 and has twice the channels of the previous one. */
function chainBlocks(
  build: (options: BlockOptions) => Block,
  groups: readonly number[],
  input: Shape,
  { channels, ...common }: Pick<BlockOptions, 'channels' | 'dropout' | 'padding' | 'zeroInit'>,
): Block[] {
  const blocks: Block[] = [];
  groups.forEach((count, group) => {
    for (let index = 0; index < count; index++) {
      const options = {
        ...common,
        name: `block${blocks.length}`,
        input: blocks.at(-1)?.output ?? input,
        channels: channels * 2 ** group,
        stride: group > 0 && index === 0 ? 2 : 1,
      };
      blocks.push(build(options));
    }
  });
  return blocks;
}
