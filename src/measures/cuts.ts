import type { Answers } from './answers.js';

/** The images in the order of their probability of one class. */
export interface Order {
  /** The probability of the class for each image. [n] */
  readonly scores: Float64Array;
  /** Indices of the images, the most probable first. [n] */
  readonly images: Uint32Array;
  /** 1 for images of the class, 0 for others. [n] */
  readonly isOfClass: Uint8Array;
  /** Number of images of the class. */
  readonly positives: number;
}

export function orderBy({ classes, labels, probabilities }: Answers, label: number): Order {
  const scores = Float64Array.from(labels, (_, image) => probabilities[image * classes + label] ?? 0);
  const images = Uint32Array.from(labels.keys()).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  const isOfClass = Uint8Array.from(labels, (own) => (own === label ? 1 : 0));
  const positives = isOfClass.reduce((sum, own) => sum + own, 0);
  return { scores, images, isOfClass, positives };
}

/** The images whose probability of a class is at least a threshold. */
export interface Cut {
  readonly threshold: number;
  /** Images of the class among them. */
  readonly hits: number;
  /** All of them. */
  readonly seen: number;
}

/** The cut at each probability that occurs, the highest first. Equal probabilities share a cut. */
export function* cutsOf({ scores, images, isOfClass }: Order): Generator<Cut> {
  let hits = 0;
  let seen = 0;
  while (seen < images.length) {
    const threshold = scores[images[seen] ?? 0] ?? 0;
    while (seen < images.length && (scores[images[seen] ?? 0] ?? 0) === threshold) {
      hits += isOfClass[images[seen] ?? 0] ?? 0;
      seen += 1;
    }
    yield { threshold, hits, seen };
  }
}
