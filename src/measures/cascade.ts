import { type Answers, predictedClasses, rowOf } from './answers.js';

/** A cascade at one threshold: the compact network answers where the probability of its first class is at least that. */
export interface CascadePoint {
  readonly threshold: number;
  readonly accuracy: number;
  /** Share of the images that the compact network answers. */
  readonly by_compact: number;
  /** The compact network sees every image, the full one those that are left. */
  readonly seconds: number;
}

export interface CascadeFigures {
  readonly compact_accuracy: number;
  /** Seconds of the networks on all images. */
  readonly full_seconds: number;
  readonly compact_seconds: number;
  readonly points: readonly CascadePoint[];
}

export interface CascadeSeconds {
  readonly full: number;
  readonly compact: number;
}

/** Networks are often sure, so thresholds lie closer together near 1. */
const THRESHOLDS = [
  ...Array.from({ length: 19 }, (_, step) => step / 20),
  ...[0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9999, 1],
];

/** @param full answers of the full network. @param compact those of the compact network for the same images */
export function cascadeOf(full: Answers, compact: Answers, seconds: CascadeSeconds): CascadeFigures {
  const [rightFull, rightCompact] = [rightOf(full), rightOf(compact)];
  const certainties = Array.from(compact.labels, (_, image) => Math.max(...rowOf(compact, image)));
  const images = full.labels.length;
  const pointAt = (threshold: number): CascadePoint => {
    let [right, quick] = [0, 0];
    for (const [image, certainty] of certainties.entries()) {
      const isQuick = certainty >= threshold;
      if (isQuick) quick += 1;
      if ((isQuick ? rightCompact : rightFull)[image]) right += 1;
    }
    const byCompact = quick / images;
    const spent = seconds.compact + (1 - byCompact) * seconds.full;
    return { threshold, accuracy: right / images, by_compact: byCompact, seconds: spent };
  };
  return {
    compact_accuracy: rightCompact.filter((isRight) => isRight).length / images,
    full_seconds: seconds.full,
    compact_seconds: seconds.compact,
    points: THRESHOLDS.map(pointAt),
  };
}

function rightOf(answers: Answers): boolean[] {
  const predicted = predictedClasses(answers);
  return Array.from(answers.labels, (label, image) => predicted[image] === label);
}
