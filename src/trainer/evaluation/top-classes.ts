import { type TestPredictions, TOP_CLASSES } from '../../contract/test-predictions.js';

/** Collects the most probable classes of images that are evaluated batch after batch. */
export class TopClasses {
  readonly predictions: TestPredictions;
  readonly #kept: number;
  #images = 0;

  constructor(
    images: number,
    readonly classes: number,
  ) {
    this.#kept = Math.min(TOP_CLASSES, classes);
    this.predictions = {
      labels: new Uint16Array(images),
      classes: new Uint16Array(images * this.#kept),
      probabilities: new Float32Array(images * this.#kept),
    };
  }

  /** @param logits [B*classes] @param labels [B] */
  add(logits: Float32Array, labels: Int32Array): void {
    this.predictions.labels.set(labels, this.#images);
    labels.forEach((_, row) => {
      this.#addRow(logits.subarray(row * this.classes, (row + 1) * this.classes), this.#images + row);
    });
    this.#images += labels.length;
  }

  #addRow(logits: Float32Array, image: number): void {
    const best = largest(logits, this.#kept);
    const max = logits[best[0] ?? 0] ?? 0;
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - max), 0);
    best.forEach((index, rank) => {
      const place = image * this.#kept + rank;
      this.predictions.classes[place] = index;
      this.predictions.probabilities[place] = Math.exp((logits[index] ?? 0) - max) / total;
    });
  }
}

/** Indices of the largest values, the largest first; of equal values the first. */
function largest(values: Float32Array, count: number): number[] {
  const best: number[] = [];
  values.forEach((value, index) => {
    const rank = best.findIndex((other) => value > (values[other] ?? 0));
    if (rank >= 0) best.splice(rank, 0, index);
    else if (best.length < count) best.push(index);
    if (best.length > count) best.pop();
  });
  return best;
}
