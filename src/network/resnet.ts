import {
  type BlockOptions,
  basicBlock,
  bottleneckBlock,
  integralBlock,
  preActivationBlock,
} from './blocks.js';
import type { Block, NetworkDescription } from './description.js';
import { convLayer, type Layer, maxPoolLayer, normLayer, type Shape } from './layers.js';
import type { PaddingRule } from './padding.js';
import {
  DEFAULT_GRADIENT,
  DEFAULT_SOLVER,
  DEFAULT_STEPS,
  type Integration,
  type IntegrationFields,
} from './solvers.js';

export type ModelFamily = 'resnet' | 'wide-resnet' | 'imagenet-resnet' | 'ode-resnet';

/** Families of which other programs have files. */
export type ForeignFamily = Exclude<ModelFamily, 'ode-resnet'>;

/** For ode-resnet also how its fields are integrated; absent or null: the defaults of solvers.ts. */
export interface ModelSize extends IntegrationFields {
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

/** Layers with weights outside the groups; of ode-resnet also those of the blocks that halve the resolution. */
export const OUTSIDE = { resnet: 2, 'wide-resnet': 4, 'ode-resnet': 6 } as const;

/**
 * Residual blocks of each group, or null if the family does not have this depth: 6n+2, 6n+4, 6n+6, or a depth in the
 * table. Groups of ode-resnet are n intervals of time, after a block that halves the resolution.
 */
export function blockGroups(family: ModelFamily, depth: number): readonly number[] | null {
  if (family === 'imagenet-resnet') return IMAGENET_GROUPS[depth] ?? null;
  const n = (depth - OUTSIDE[family]) / 6;
  if (!Number.isInteger(n) || n < 1) return null;
  return hasFields(family) ? [n, n + 1, n + 1] : [n, n, n];
}

/**
 * `resnet`: CIFAR style (He et al., section 4.2) with projection shortcuts. `wide-resnet`: Zagoruyko and Komodakis,
 * arXiv:1605.07146, pre-activation. `imagenet-resnet`: He et al., table 1, version 1.5. With symmetric
 * padding these are the functions of torchvision and of PyTorch's CIFAR networks. With TensorFlow's SAME, stride-2
 * windows start a pixel later on even sizes, on the same number of positions. `ode-resnet`: the groups of `resnet`, each a
 * field integrated over n intervals of length 1, with weights of its own in each interval (solvers.ts).
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

const smallStem = (image: Shape, width: number): Stem => {
  const conv = convLayer('stem/conv', 3, 1, image, width);
  return { layers: [conv, normLayer('stem/norm', conv.output, true)], output: conv.output };
};

const STEM: Record<ModelFamily, (image: Shape, width: number, padding: PaddingRule) => Stem> = {
  resnet: smallStem,
  'ode-resnet': smallStem,
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

function blockOf(model: ModelSize): (options: BlockOptions) => Block {
  const { family, depth } = model;
  if (family === 'wide-resnet') return preActivationBlock;
  if (hasFields(family)) {
    const integration = integrationOf(model);
    return (options) => (options.stride > 1 ? basicBlock(options) : integralBlock(options, integration));
  }
  return hasBottlenecks(family, depth) ? bottleneckBlock : basicBlock;
}

function integrationOf({ solver, steps, gradient, learned_time }: ModelSize): Integration {
  return {
    solver: solver ?? DEFAULT_SOLVER,
    steps: steps ?? DEFAULT_STEPS,
    gradient: gradient ?? DEFAULT_GRADIENT,
    learnsTime: learned_time ?? false,
  };
}

/** Whether its blocks integrate a field over time. */
export function hasFields(family: ModelFamily): boolean {
  return family === 'ode-resnet';
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
