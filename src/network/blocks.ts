import type { Block } from './description.js';
import { convLayer, type Layer, type NormLayer, normLayer, type Shape } from './layers.js';
import type { PaddingRule } from './padding.js';
import type { Integration } from './solvers.js';

/** Parameters of a residual block. */
export interface BlockOptions {
  readonly name: string;
  readonly input: Shape;
  /** Channels of its 3x3 convolutions. */
  readonly channels: number;
  /** Stride of its first 3x3 convolution and of its shortcut. */
  readonly stride: number;
  /** Share of values that dropout sets to zero between the convolutions. 0: no dropout layer. */
  readonly dropout: number;
  readonly padding: PaddingRule;
  /** Whether a block that ends with a batch norm starts as its shortcut. */
  readonly zeroInit: boolean;
}

/** A bottleneck's last convolution has this many times the channels of its 3x3 (He et al., table 1). */
const BOTTLENECK_EXPANSION = 4;

/** Two 3x3 convolutions, ReLU after the sum (He et al., arXiv:1512.03385, figure 5 left). */
export function basicBlock(options: BlockOptions): Block {
  const { name, input, channels, stride, padding } = options;
  const conv1 = convLayer(`${name}/conv1`, 3, stride, input, channels, padding);
  const output = conv1.output;
  const branch = [
    conv1,
    normLayer(`${name}/norm1`, output, true),
    convLayer(`${name}/conv2`, 3, 1, output, channels),
    lastNorm(options, 'norm2', output),
  ];
  return postActivationBlock({ name, input, stride }, branch, output);
}

/**
 * 1x1, 3x3, 1x1 (figure 5 right). The stride is in the 3x3 convolution, as in torchvision and NVIDIA's version
 * ("v1.5"), and not in the first 1x1 as in the paper: half a point more accurate for 7 % more multiply-adds at
 * depth 50.
 */
export function bottleneckBlock(options: BlockOptions): Block {
  const { name, input, channels, stride, padding } = options;
  const conv1 = convLayer(`${name}/conv1`, 1, 1, input, channels);
  const conv2 = convLayer(`${name}/conv2`, 3, stride, conv1.output, channels, padding);
  const conv3 = convLayer(`${name}/conv3`, 1, 1, conv2.output, channels * BOTTLENECK_EXPANSION);
  const branch = [
    conv1,
    normLayer(`${name}/norm1`, conv1.output, true),
    conv2,
    normLayer(`${name}/norm2`, conv2.output, true),
    conv3,
    lastNorm(options, 'norm3', conv3.output),
  ];
  return postActivationBlock({ name, input, stride }, branch, conv3.output);
}

/**
 * Batch norm and ReLU before each convolution, dropout before the second (Zagoruyko and Komodakis, arXiv:1605.07146,
 * section 2.4: between the convolutions and after the ReLU).
 */
export function preActivationBlock(options: BlockOptions): Block {
  const { name, input, channels, stride, dropout, padding } = options;
  const norm1 = normLayer(`${name}/norm1`, input, true);
  const conv1 = convLayer(`${name}/conv1`, 3, stride, input, channels, padding);
  const output = conv1.output;
  const tail: Layer[] = [
    conv1,
    normLayer(`${name}/norm2`, output, true),
    ...(dropout > 0 ? [{ op: 'dropout', name: `${name}/dropout`, rate: dropout } as const] : []),
    convLayer(`${name}/conv2`, 3, 1, output, channels),
  ];
  // With a projection, both paths start from the activated input (as in the paper's own code); otherwise the
  // shortcut is the raw input.
  const layers: Layer[] = needsProjection(input, output)
    ? [
        norm1,
        {
          op: 'residual',
          name,
          branch: tail,
          shortcut: [convLayer(`${name}/shortcut`, 1, stride, input, channels)],
          output,
          relu: false,
        },
      ]
    : [{ op: 'residual', name, branch: [norm1, ...tail], shortcut: [], output, relu: false }];
  return { layers, input, output, rectified: false };
}

/**
 * An interval of time over which a field is integrated (Chen et al., arXiv:1806.07366): the two convolutions of
 * a basic block, without a ReLU after the sum. One step of Euler's solver is then a residual block.
 * @param options with stride 1, and as many channels as the input has
 */
export function integralBlock(options: BlockOptions, integration: Integration): Block {
  const { name, input, channels } = options;
  const field = [
    convLayer(`${name}/conv1`, 3, 1, input, channels),
    normLayer(`${name}/norm1`, input, true),
    convLayer(`${name}/conv2`, 3, 1, input, channels),
    lastNorm(options, 'norm2', input),
  ];
  const layer: Layer = { op: 'integral', name, field, ...integration, output: input };
  return { layers: [layer], input, output: input, rectified: false };
}

/** The last batch norm of a branch. At scale 0 the branch is 0 (Goyal et al., arXiv:1706.02677, section 5.1). */
function lastNorm({ name, zeroInit }: BlockOptions, norm: string, output: Shape): NormLayer {
  return { ...normLayer(`${name}/${norm}`, output, false), ...(zeroInit && { startsAtZero: true }) };
}

/** relu(branch + shortcut). If the shapes differ, the shortcut is a 1x1 projection with batch norm (option B). */
function postActivationBlock(
  { name, input, stride }: Pick<BlockOptions, 'name' | 'input' | 'stride'>,
  branch: readonly Layer[],
  output: Shape,
): Block {
  const shortcut = needsProjection(input, output)
    ? [
        convLayer(`${name}/shortcut`, 1, stride, input, output.channels),
        normLayer(`${name}/shortcut_norm`, output, false),
      ]
    : [];
  return {
    layers: [{ op: 'residual', name, branch, shortcut, output, relu: true }],
    input,
    output,
    rectified: true,
  };
}

function needsProjection(input: Shape, output: Shape): boolean {
  return input.channels !== output.channels || input.height !== output.height || input.width !== output.width;
}
