import {
  describeNetwork,
  flatten,
  type ModelSize,
  parametersOf,
  type Shape,
  wholeNetwork,
} from '../../../src/network/index.js';
import type { InferenceModel } from '../../../src/trainer/export/inference-layers.js';
import { inferenceModel } from '../../../src/trainer/export/lower.js';
import { initialValues } from '../../../src/trainer/optimizer/index.js';
import { randomStream } from '../../../src/trainer/random.js';

export const LIBRARY_IMAGE: Shape = { height: 64, width: 64, channels: 3 };
export const LIBRARY_CLASSES = ['a', 'b', 'c'];

/** The network that torchvision, timm and transformers have too, where the width is 64. */
export const imagenetResnet = (depth: number, width = 64) =>
  ({ family: 'imagenet-resnet', depth, width, padding: 'symmetric' }) as const;

/** An untrained network with random statistics. */
export function libraryModel(
  network: ModelSize,
  image: Shape = LIBRARY_IMAGE,
  storage: 'pixels' | 'encoded' = 'encoded',
): InferenceModel {
  const layers = wholeNetwork(describeNetwork(network, image, LIBRARY_CLASSES.length));
  const random = randomStream(1, 'statistics', network.depth);
  const around = (length: number, from: number) => Float32Array.from({ length }, () => from + random());
  const norms = flatten(layers).flatMap((layer) => (layer.op === 'norm' ? [layer] : []));
  return inferenceModel({
    layers,
    values: initialValues(parametersOf(layers), 1),
    statistics: new Map(
      norms.map(({ name, output: { channels } }) => [
        name,
        { mean: around(channels, -0.5), variance: around(channels, 0.5) },
      ]),
    ),
    manifest: {
      storage,
      image,
      classes: LIBRARY_CLASSES,
      mean: [120, 115, 105],
      standard_deviation: [60, 58, 57],
    },
  });
}
