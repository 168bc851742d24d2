import {
  describeNetwork,
  type Layer,
  type ModelFamily,
  type ModelSize,
  type NetworkDescription,
  parametersOf,
  type Shape,
  wholeNetwork,
} from '../../../src/network/index.js';
import { classificationLoss } from '../../../src/trainer/objective/index.js';
import { initialValues, type NamedValues } from '../../../src/trainer/optimizer/index.js';
import { type Draw, type Precision, trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { normal, randomStream } from '../../../src/trainer/random.js';
import { arena, read, type Tensor, upload } from '../../../src/trainer/runtime/index.js';
import type { Features } from './reference.js';

const SIZES = {
  resnet: { depth: 8, width: 3 },
  'wide-resnet': { depth: 10, width: 1 },
  'imagenet-resnet': { depth: 50, width: 2 },
  'ode-resnet': { depth: 12, width: 2, learned_time: true },
} as const;

/** A network small enough for the float64 reference, with weights away from their special starting values. */
export function smallNetwork(family: ModelFamily, changes: Partial<ModelSize> = {}) {
  const image = family === 'imagenet-resnet' ? LARGE_IMAGE : IMAGE;
  const network = thinned(describeNetwork({ family, ...SIZES[family], ...changes }, image, CLASSES));
  const layers = wholeNetwork(network);
  return { network, layers, values: perturbedValues(layers) };
}

/**
 * Keeps the first block of each group of a long network (which changes the shape), and one that changes nothing.
 */
function thinned(network: NetworkDescription): NetworkDescription {
  const { blocks } = network;
  if (blocks.length < 8) return network;
  const channels = (index: number) => blocks[index]?.output.channels;
  return {
    ...network,
    blocks: blocks.filter((_, index) => index === 1 || channels(index - 1) !== channels(index)),
  };
}

export const IMAGE = { height: 8, width: 8, channels: 2 } as const;
const LARGE_IMAGE = { height: 64, width: 64, channels: 2 } as const;
export const CLASSES = 3;
export const LABELS = [0, 1, 2, 1] as const;

export function randomFeatures(seed: number, { height, width, channels }: Shape = IMAGE): Features {
  const random = randomStream(seed, 'features');
  const shape = [LABELS.length, height, width, channels] as const;
  const values = Float64Array.from({ length: shape.reduce<number>((a, b) => a * b, 1) }, () =>
    Math.fround(normal(random)),
  );
  return { shape, values };
}

export function uploadFeatures({ shape, values }: Features): Tensor {
  return upload(Float32Array.from(values), shape);
}

export const uploadLabels = (): Tensor => upload(Int32Array.from(LABELS), [LABELS.length]);

/** Scales off 1 and shifts off 0, so that every gradient term counts. */
export function perturbedValues(layers: readonly Layer[], seed = 5): NamedValues {
  const random = randomStream(seed, 'perturb');
  const values = initialValues(parametersOf(layers), seed);
  return new Map([...values].map(([name, value]) => [name, value.map((v) => v + 0.1 * normal(random))]));
}

/** The serial network's loss gradient of every parameter: what back-propagation computes. */
export function backPropagation(
  layers: readonly Layer[],
  values: NamedValues,
  images: Features,
  draw?: Draw,
  precision?: Precision,
): Map<string, Float32Array> {
  return new Map([
    ...arena(() => {
      const gradients = new Map<string, Tensor>();
      const weights = uploadWeights(parametersOf(layers), values);
      const context = { weights, gradients, draw, precision };
      const pass = trainPass(layers, uploadFeatures(images), context, false);
      pass.pullback(classificationLoss(pass.output, uploadLabels()).cotangent);
      return readAll(gradients);
    }),
  ]);
}

export function readAll(tensors: ReadonlyMap<string, Tensor>): Map<string, Float32Array> {
  return new Map([...tensors].map(([name, tensor]) => [name, read(tensor)]));
}

/** |a - b| / |b| in the Euclidean norm, over all values of both maps. */
export function relativeError(
  a: ReadonlyMap<string, ArrayLike<number>>,
  b: ReadonlyMap<string, ArrayLike<number>>,
): number {
  let difference = 0;
  let norm = 0;
  for (const [name, expected] of b) {
    const actual = a.get(name)!;
    for (let index = 0; index < expected.length; index++) {
      difference += (actual[index]! - expected[index]!) ** 2;
      norm += expected[index]! ** 2;
    }
  }
  return Math.sqrt(difference / norm);
}
