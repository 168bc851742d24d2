import { type Answers, rowOf } from './answers.js';

export interface CalibrationBin {
  /** Images whose highest probability is above `from` and at most `to`; 0 belongs to the first bin. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Mean of the highest probabilities; null for an empty bin. */
  readonly confidence: number | null;
  /** Share of right answers; null for an empty bin. */
  readonly accuracy: number | null;
}

const BINS = 15;

/** Sorts the images into bins of equal width by the probability of the predicted class. @param predicted [n] */
export function calibrationBins(answers: Answers, predicted: Uint16Array): CalibrationBin[] {
  const sums = Array.from({ length: BINS }, () => ({ count: 0, confidence: 0, hits: 0 }));
  predicted.forEach((label, image) => {
    const confidence = rowOf(answers, image)[label] ?? 0;
    const bin = sums[Math.min(BINS - 1, Math.max(0, Math.ceil(confidence * BINS) - 1))];
    if (bin === undefined) return;
    bin.count += 1;
    bin.confidence += confidence;
    if (answers.labels[image] === label) bin.hits += 1;
  });
  return sums.map(({ count, confidence, hits }, index) => ({
    from: index / BINS,
    to: (index + 1) / BINS,
    count,
    confidence: count === 0 ? null : confidence / count,
    accuracy: count === 0 ? null : hits / count,
  }));
}

/** Expected calibration error: the mean distance between confidence and accuracy, weighted by the images of each bin. */
export function expectedCalibrationError(bins: readonly CalibrationBin[]): number {
  const count = bins.reduce((sum, bin) => sum + bin.count, 0);
  if (count === 0) return 0;
  const distance = bins.reduce(
    (sum, bin) => sum + bin.count * Math.abs((bin.confidence ?? 0) - (bin.accuracy ?? 0)),
    0,
  );
  return distance / count;
}

/** The least probability that a logarithm sees: the rounding unit of float64, as scikit-learn has it. */
export const LEAST_PROBABILITY = 2 ** -52;

const TEMPERATURES = { min: 0.05, max: 20 } as const;
const GOLDEN = (Math.sqrt(5) - 1) / 2;
const STEPS = 60;

/**
 * The temperature that minimizes the log loss of `softmax(log(p) / T)`: above 1 for a network that is too sure of itself.
 * Searched by golden section on log T. (Guo et al., arXiv:1706.04599, section 4.2)
 */
export function bestTemperature(answers: Answers): number {
  const loss = (logT: number) => lossAt(answers, Math.exp(logT));
  let [low, high] = [Math.log(TEMPERATURES.min), Math.log(TEMPERATURES.max)];
  let [a, b] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
  let [lossA, lossB] = [loss(a), loss(b)];
  for (let step = 0; step < STEPS; step++) {
    if (lossA <= lossB) {
      [high, b, lossB] = [b, a, lossA];
      a = high - GOLDEN * (high - low);
      lossA = loss(a);
    } else {
      [low, a, lossA] = [a, b, lossB];
      b = low + GOLDEN * (high - low);
      lossB = loss(b);
    }
  }
  return Math.exp((low + high) / 2);
}

function lossAt(answers: Answers, temperature: number): number {
  let sum = 0;
  answers.labels.forEach((label, image) => {
    let total = 0;
    const row = rowOf(answers, image);
    for (const probability of row) total += Math.max(probability, LEAST_PROBABILITY) ** (1 / temperature);
    sum += Math.log(total) - Math.log(Math.max(row[label] ?? 0, LEAST_PROBABILITY)) / temperature;
  });
  return sum;
}
