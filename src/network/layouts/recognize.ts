import type { ForeignFamily } from '../resnet.js';
import type { BlockPlace, ForeignTensor, Layout } from './layout.js';
import { CIFAR_RESNET, STRATA, TORCHVISION, TRANSFORMERS, WIDE_RESNET_PYTORCH } from './layouts.js';
import { foreignTensors } from './names.js';

/** Why a file holds no network of ours. The message names the first tensor that does not fit. */
export class UnknownWeightsError extends Error {}

export type TensorShapes = ReadonlyMap<string, readonly number[]>;

export interface RecognizedNetwork {
  readonly layout: Layout;
  readonly model: {
    readonly family: ForeignFamily;
    readonly depth: number;
    readonly width: number;
  };
  /** Channels of its images: 1 or 3. */
  readonly channels: 1 | 3;
  readonly classes: number;
  readonly tensors: readonly ForeignTensor[];
}

/** As in the contract. */
const MAX_DEPTH = 1202;
const MAX_WIDTH = 256;
const MAX_CLASSES = 65_536;
/** Side of images on which every family works; no tensor depends on it. */
const ANY_SIDE = 64;
/** Counters of PyTorch's batch norms, which nothing computes with. */
const IGNORED = /\.num_batches_tracked$/;

/** Families of imagenet-resnet by their number of blocks: without and with bottlenecks. */
const IMAGENET_DEPTHS: Readonly<Record<number, readonly [basic: number | null, bottleneck: number | null]>> =
  { 8: [18, null], 16: [34, 50], 33: [null, 101], 50: [null, 152] };

/**
 * The network whose weights a file holds, by the names and shapes of its tensors. Every one is compared.
 * @throws UnknownWeightsError
 */
export function recognizeNetwork(shapes: TensorShapes): RecognizedNetwork {
  const layout = layoutOf(shapes);
  checkNorms(layout, shapes);
  const stem = shapeOf(shapes, `${layout.outer['stem/conv']}.weight`, 4);
  const dense = shapeOf(shapes, `${layout.outer['head/dense']}.weight`, 2);
  const family = familyOf(layout, shapes, stem);
  const model = {
    family,
    depth: depthOf(layout, family, shapes),
    width: widthOf(layout, family, shapes, stem),
  };
  const [channels, classes = 0] = [stem[1], dense[0]];
  if (channels !== 1 && channels !== 3)
    throw new UnknownWeightsError(`Its first convolution reads ${channels} channels; images have 1 or 3.`);
  if (classes < 2 || classes > MAX_CLASSES)
    throw new UnknownWeightsError(
      `Its last layer has ${classes} classes; there must be 2 to ${MAX_CLASSES}.`,
    );
  const image = { height: ANY_SIDE, width: ANY_SIDE, channels };
  const tensors = foreignTensors(layout, model, image, classes);
  compare(tensors, shapes, `${family}-${model.depth} of width ${model.width}`);
  return { layout, model, channels, classes, tensors };
}

function layoutOf(shapes: TensorShapes): Layout {
  const layouts = [TRANSFORMERS, WIDE_RESNET_PYTORCH, STRATA, TORCHVISION];
  const layout = layouts.find(({ sign }) => shapes.has(sign));
  if (layout === TORCHVISION) return shapes.get('conv1.weight')?.[2] === 3 ? CIFAR_RESNET : TORCHVISION;
  if (layout !== undefined) return layout;
  const [first] = shapes.keys();
  throw new UnknownWeightsError(
    first === undefined
      ? 'It has no tensors.'
      : `The names of its tensors (the first is ${shown(first)}) are not those of a ResNet of torchvision, timm or ` +
          'transformers, of pytorch-cifar-models, of WideResNet-pytorch or of Strata.',
  );
}

/** Batch norms are trained, so a file without them cannot be continued. */
function checkNorms(layout: Layout, shapes: TensorShapes): void {
  const stem = layout.outer['stem/conv'];
  if (!shapes.has(`${stem}.bias`)) return;
  throw new UnknownWeightsError(
    `It has ${stem}.bias: its batch norms are merged into its convolutions. Use the file from before that.`,
  );
}

function familyOf(layout: Layout, shapes: TensorShapes, stem: readonly number[]): ForeignFamily {
  const [only, ...others] = layout.families;
  if (only !== undefined && others.length === 0) return only;
  if (!shapes.has(`${layout.outer['stem/norm']}.weight`)) return 'wide-resnet';
  return stem[2] === 7 ? 'imagenet-resnet' : 'resnet';
}

function depthOf(layout: Layout, family: ForeignFamily, shapes: TensorShapes): number {
  const blocks = countBlocks(layout, shapes);
  const hasBottlenecks = shapes.has(`${layout.inner(FIRST, 'conv3')}.weight`);
  const depth =
    family === 'imagenet-resnet'
      ? IMAGENET_DEPTHS[blocks]?.[hasBottlenecks ? 1 : 0]
      : blocks % 3 === 0
        ? 2 * blocks + (family === 'resnet' ? 2 : 4)
        : null;
  if (depth !== null && depth !== undefined && depth <= MAX_DEPTH) return depth;
  throw new UnknownWeightsError(`It has ${blocks} residual blocks, as no ${family} has.`);
}

const FIRST: BlockPlace = { group: 0, index: 0, position: 0 };

function countBlocks({ inner }: Layout, shapes: TensorShapes): number {
  const has = (place: BlockPlace) => shapes.has(`${inner(place, 'conv1')}.weight`);
  let position = 0;
  for (let group = 0; has({ group, index: 0, position }); group++)
    for (let index = 0; has({ group, index, position }); index++) position++;
  return position;
}

function widthOf(
  { inner }: Layout,
  family: ForeignFamily,
  shapes: TensorShapes,
  stem: readonly number[],
): number {
  const first = `${inner(FIRST, 'conv1')}.weight`;
  const width = family === 'wide-resnet' ? shapeOf(shapes, first, 4)[0]! / 16 : stem[0]!;
  if (Number.isInteger(width) && width >= 1 && width <= MAX_WIDTH) return width;
  throw new UnknownWeightsError(`Its width is ${width}; it must be a whole number up to ${MAX_WIDTH}.`);
}

function shapeOf(shapes: TensorShapes, name: string, rank: number): readonly number[] {
  const shape = shapes.get(name);
  if (shape === undefined) throw new UnknownWeightsError(`It has no tensor ${name}.`);
  if (shape.length === rank) return shape;
  throw new UnknownWeightsError(`${name} has ${shape.length} dimensions, not ${rank}.`);
}

function compare(tensors: readonly ForeignTensor[], shapes: TensorShapes, network: string): void {
  for (const { theirs, shape } of tensors) {
    const found = shapes.get(theirs);
    if (found === undefined)
      throw new UnknownWeightsError(
        `It has no tensor ${theirs}, which ${network} needs.${remedyFor(theirs)}`,
      );
    if (found.length !== shape.length || found.some((side, axis) => side !== shape[axis]))
      throw new UnknownWeightsError(
        `${theirs} has the shape [${found.join(', ')}]; ${network} needs [${shape.join(', ')}].`,
      );
  }
  const known = new Set(tensors.map(({ theirs }) => theirs));
  for (const name of shapes.keys())
    if (!known.has(name) && !IGNORED.test(name))
      throw new UnknownWeightsError(`It has a tensor ${shown(name)}, which ${network} does not have.`);
}

function remedyFor(name: string): string {
  return /downsample|shortcut/i.test(name)
    ? ' Shortcuts without weights (option A) have no counterpart here.'
    : '';
}

/** Names come from the file, which may be anything. */
const shown = (name: string): string => JSON.stringify(name.slice(0, 100));
