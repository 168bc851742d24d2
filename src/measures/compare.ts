/** Two networks on the same images. */
export interface PairedCounts {
  readonly images: number;
  readonly both_right: number;
  readonly only_a: number;
  readonly only_b: number;
  readonly both_wrong: number;
  /** Exact, two-sided: how probable a difference as large as this is if both are equally good. */
  readonly p_value: number;
}

/** @param a whether network a was right, for each image. @param b the same of network b */
export function comparePaired(a: readonly boolean[], b: readonly boolean[]): PairedCounts {
  let [both, onlyA, onlyB] = [0, 0, 0];
  a.forEach((isRight, image) => {
    if (isRight && b[image]) both += 1;
    else if (isRight) onlyA += 1;
    else if (b[image]) onlyB += 1;
  });
  return {
    images: a.length,
    both_right: both,
    only_a: onlyA,
    only_b: onlyB,
    both_wrong: a.length - both - onlyA - onlyB,
    p_value: mcnemar(onlyA, onlyB),
  };
}

/**
 * McNemar's exact test: twice the tail of a binomial distribution with p = 1/2 over the images on which exactly one of the
 * two is right. (McNemar 1947; exact as in statsmodels)
 */
export function mcnemar(onlyA: number, onlyB: number): number {
  const count = onlyA + onlyB;
  const least = Math.min(onlyA, onlyB);
  // Terms relative to the largest one of the tail, so that none overflows.
  let logTerm = 0;
  for (let k = 0; k < least; k++) logTerm += Math.log((count - k) / (k + 1));
  let [sum, term] = [0, 1];
  for (let k = least; k >= 0; k--) {
    sum += term;
    term *= k / (count - k + 1);
  }
  return Math.min(1, 2 * sum * Math.exp(logTerm - count * Math.LN2));
}
