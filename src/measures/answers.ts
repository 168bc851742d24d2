/** The answers of a network to n labelled images. */
export interface Answers {
  /** Number of classes, c. */
  readonly classes: number;
  /** The class that each image has. [n] */
  readonly labels: Uint16Array;
  /** The probability of every class for each image. [n*c] */
  readonly probabilities: Float32Array | Float64Array;
}

/** Probabilities of one image. [c] */
export function rowOf({ classes, probabilities }: Answers, image: number): Float32Array | Float64Array {
  return probabilities.subarray(image * classes, (image + 1) * classes);
}

/** The most probable class of each image. Of equally probable classes, the one of the lower index. [n] */
export function predictedClasses(answers: Answers): Uint16Array {
  return answers.labels.map((_, image) => greatest(rowOf(answers, image)));
}

function greatest(row: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < row.length; index++) if ((row[index] ?? 0) > (row[best] ?? 0)) best = index;
  return best;
}

/** Place of a class among those of an image, from 0. Of equally probable classes, the one of the lower index comes first. */
export function rankOf(row: ArrayLike<number>, label: number): number {
  const own = row[label] ?? 0;
  let rank = 0;
  for (let index = 0; index < row.length; index++) {
    const other = row[index] ?? 0;
    if (other > own || (other === own && index < label)) rank += 1;
  }
  return rank;
}
