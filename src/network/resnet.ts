import { convLayer, type Layer, normLayer, type Shape } from './layers.js';

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

export type ModelFamily = 'resnet' | 'wide-resnet';

export interface ModelSize {
  readonly family: ModelFamily;
  readonly depth: number;
  /** resnet: channels of the first group; wide-resnet: the widening factor. */
  readonly width: number;
}

const GROUPS = 3;
const LAYERS_OUTSIDE_BLOCKS: Record<ModelFamily, number> = { resnet: 2, 'wide-resnet': 4 };

/** Residual blocks a group has: n of depth 6n+2 (resnet) or 6n+4 (wide-resnet). Null where no whole n >= 1 fits. */
export function blocksPerGroup(family: ModelFamily, depth: number): number | null {
  const n = (depth - LAYERS_OUTSIDE_BLOCKS[family]) / 6;
  return Number.isInteger(n) && n >= 1 ? n : null;
}

/**
 * CIFAR-style ResNet (He et al., arXiv:1512.03385 section 4.2, projection shortcuts) or WideResNet (Zagoruyko and
 * Komodakis, arXiv:1605.07146, pre-activation).
 * @throws RangeError when the depth does not fit the family
 */
export function describeNetwork(model: ModelSize, image: Shape, classes: number): NetworkDescription {
  const perGroup = blocksPerGroup(model.family, model.depth);
  if (perGroup === null) throw new RangeError(`depth ${model.depth} does not fit family ${model.family}`);
  const wide = model.family === 'wide-resnet';
  const base = wide ? 16 * model.width : model.width;
  const stem = wide
    ? [convLayer('stem/conv', 3, 1, image, 16)]
    : [convLayer('stem/conv', 3, 1, image, base), normLayer('stem/norm', { ...image, channels: base }, true)];
  const blocks: Block[] = [];
  let shape: Shape = { ...image, channels: wide ? 16 : base };
  for (let index = 0; index < GROUPS * perGroup; index++) {
    const group = Math.floor(index / perGroup);
    const stride = group > 0 && index % perGroup === 0 ? 2 : 1;
    const block = (wide ? preActivationBlock : basicBlock)(`block${index}`, shape, base * 2 ** group, stride);
    blocks.push(block);
    shape = block.output;
  }
  const head: Layer[] = [
    ...(wide ? [normLayer('head/norm', shape, true)] : []),
    { op: 'pool', name: 'head/pool', input: shape },
    { op: 'dense', name: 'head/dense', inputs: shape.channels, outputs: classes },
  ];
  return { image, classes, stem, blocks, head };
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

function basicBlock(name: string, input: Shape, channels: number, stride: number): Block {
  const conv1 = convLayer(`${name}/conv1`, 3, stride, input, channels);
  const output = conv1.output;
  const branch = [
    conv1,
    normLayer(`${name}/norm1`, output, true),
    convLayer(`${name}/conv2`, 3, 1, output, channels),
    normLayer(`${name}/norm2`, output, false),
  ];
  const shortcut = needsProjection(input, output)
    ? [
        convLayer(`${name}/shortcut`, 1, stride, input, channels),
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

function preActivationBlock(name: string, input: Shape, channels: number, stride: number): Block {
  const norm1 = normLayer(`${name}/norm1`, input, true);
  const conv1 = convLayer(`${name}/conv1`, 3, stride, input, channels);
  const output = conv1.output;
  const tail = [
    conv1,
    normLayer(`${name}/norm2`, output, true),
    convLayer(`${name}/conv2`, 3, 1, output, channels),
  ];
  // With a projection both paths start from the activated input (the paper's own code), else the shortcut is raw.
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

function needsProjection(input: Shape, output: Shape): boolean {
  return input.channels !== output.channels || input.height !== output.height || input.width !== output.width;
}
