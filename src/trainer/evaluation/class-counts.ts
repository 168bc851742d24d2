interface Counts {
  readonly images: number;
  /** Images that are taken for the class. */
  readonly predicted: number;
  readonly correct: number;
}

const NONE: Counts = { images: 0, predicted: 0, correct: 0 };

/** Counts the images of each class, those that are taken for it, and those that were classified correctly. */
export class ClassCounts {
  readonly #counts = new Map<number, Counts>();

  /** @param predicted the class that each image is taken for */
  add(labels: Int32Array, predicted: readonly number[]): void {
    labels.forEach((label, image) => {
      const taken = predicted[image] ?? 0;
      const own = this.#of(label);
      this.#counts.set(label, {
        ...own,
        images: own.images + 1,
        correct: own.correct + (taken === label ? 1 : 0),
      });
      const other = this.#of(taken);
      this.#counts.set(taken, { ...other, predicted: other.predicted + 1 });
    });
  }

  /** Number of all images that were classified correctly. */
  get correct(): number {
    return [...this.#counts.values()].reduce((sum, { correct }) => sum + correct, 0);
  }

  /** The accuracies of the classes that have images. */
  accuracies(): number[] {
    return [...this.#counts.values()]
      .filter(({ images }) => images > 0)
      .map(({ images, correct }) => correct / images);
  }

  /** Mean F1 of the classes that have images or for which images are taken, 0..1, as in an evaluation of a model. */
  macroF1(): number {
    const scores = [...this.#counts.values()].map(
      ({ images, predicted, correct }) => (2 * correct) / (images + predicted),
    );
    return scores.reduce((sum, each) => sum + each, 0) / scores.length;
  }

  #of(label: number): Counts {
    return this.#counts.get(label) ?? NONE;
  }
}
