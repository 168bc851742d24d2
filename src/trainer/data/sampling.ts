import type { JobSpec } from '../../contract/spec.js';
import { permutation, randomStream } from '../random.js';

export type Sampling = JobSpec['sampling'];

/** The images of an epoch in their order. */
export interface EpochOrder {
  readonly indices: Uint32Array;
  /** Earlier appearances of each image in the epoch: each one is augmented anew. Null if each image appears once. */
  readonly earlier: Uint32Array | null;
}

/** A pure function of its arguments. @param labels of the images that may be drawn */
export function drawOrder(sampling: Sampling, labels: Uint16Array, seed: number, epoch: number): EpochOrder {
  if (sampling === 'balanced') return balancedOrder(labels, seed, epoch);
  return { indices: permutation(labels.length, randomStream(seed, 'order', epoch)), earlier: null };
}

/**
 * An order with the same number of images of each class, to within one. Each class goes through its images in a random order,
 * and again from the start where it has too few. Which classes have one image more is random.
 */
function balancedOrder(labels: Uint16Array, seed: number, epoch: number): EpochOrder {
  const random = randomStream(seed, 'balanced-order', epoch);
  const classes = imagesByClass(labels);
  const drawn: { readonly index: number; readonly earlier: number }[] = [];
  for (const [place, position] of permutation(classes.length, random).entries()) {
    const images = classes[position]!;
    const order = permutation(images.length, random);
    const share = countOf(place, labels.length, classes.length);
    for (let n = 0; n < share; n++) {
      drawn.push({
        index: images[order[n % images.length]!]!,
        earlier: Math.floor(n / images.length),
      });
    }
  }
  const shuffled = permutation(drawn.length, random);
  return {
    indices: shuffled.map((place) => drawn[place]!.index),
    earlier: shuffled.map((place) => drawn[place]!.earlier),
  };
}

/** Images of class `place` of `classes`: `images` are divided as evenly as they can be. */
function countOf(place: number, images: number, classes: number): number {
  return Math.floor(((place + 1) * images) / classes) - Math.floor((place * images) / classes);
}

/** Indices of the images of each class that has some. */
function imagesByClass(labels: Uint16Array): number[][] {
  const found = new Map<number, number[]>();
  labels.forEach((label, index) => {
    const images = found.get(label);
    if (images) images.push(index);
    else found.set(label, [index]);
  });
  return [...found.entries()].sort(([a], [b]) => a - b).map(([, images]) => images);
}
