import { makeNpy, makeNpz, rawImages } from '../test/datasets/support/arrays.js';
import { type RunningService, upload } from './service.js';

const CHANNELS = 3;
const CLASSES = 10;
const TEST_IMAGES = 100;

/** A dataset of noise: `side` by `side` pixels, the given number of training images. Speed does not depend on their content. */
export async function uploadNoise(
  service: RunningService,
  name: string,
  side: number,
  count: number,
): Promise<void> {
  const part = (split: string, images: number, seed: number) => ({
    [`x_${split}`]: makeNpy(
      '|u1',
      [images, side, side, CHANNELS],
      rawImages(images, side * side * CHANNELS, seed),
    ),
    [`y_${split}`]: makeNpy(
      '|u1',
      [images],
      Uint8Array.from({ length: images }, (_, index) => index % CLASSES),
    ),
  });
  const arrays = { ...part('train', count, 1), ...part('test', TEST_IMAGES, 2) };
  await upload(service, name, new Blob([makeNpz(arrays)]), `${name}.npz`);
}
