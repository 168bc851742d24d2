import { describeNetwork, parametersOf, wholeNetwork } from '../../src/network/index.js';
import { normal, randomStream } from '../../src/trainer/random.js';

/** ResNet-20 (projection shortcuts) on a batch of 128 random CIFAR-sized images. torch_step.py repeats these numbers. */
export const BATCH = 128;
export const IMAGE = { height: 32, width: 32, channels: 3 } as const;
export const CLASSES = 10;
export const LEARNING_RATE = 0.1;
export const MOMENTUM = 0.9;

export const LAYERS = wholeNetwork(
  describeNetwork({ family: 'resnet', depth: 20, width: 16 }, IMAGE, CLASSES),
);
export const PARAMETERS = parametersOf(LAYERS);

/** [128,32,32,3], standard normal */
export function randomImages(): Float32Array {
  const random = randomStream(1, 'images');
  return Float32Array.from({ length: BATCH * IMAGE.height * IMAGE.width * IMAGE.channels }, () =>
    normal(random),
  );
}

/** [128], 0..9 */
export function labels(): Int32Array {
  return Int32Array.from({ length: BATCH }, (_, index) => index % CLASSES);
}
