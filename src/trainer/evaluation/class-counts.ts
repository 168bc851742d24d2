/** Counts the images of each class, and those that were classified correctly. */
export class ClassCounts {
  readonly #counts = new Map<number, { images: number; correct: number }>();

  /** @param correct for each image, whether it was classified as its label says */
  add(labels: Int32Array, correct: readonly boolean[]): void {
    labels.forEach((label, image) => {
      const { images, correct: before } = this.#counts.get(label) ?? { images: 0, correct: 0 };
      this.#counts.set(label, { images: images + 1, correct: before + (correct[image] ? 1 : 0) });
    });
  }

  /** Number of all images that were classified correctly. */
  get correct(): number {
    return [...this.#counts.values()].reduce((sum, { correct }) => sum + correct, 0);
  }

  /** The accuracies of the classes that have images. */
  accuracies(): number[] {
    return [...this.#counts.values()].map(({ images, correct }) => correct / images);
  }
}
