export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Quantile of the standard normal distribution at 0.975. */
const Z_95 = 1.959963984540054;

/** Wilson's 95 % interval of a share: it stays within 0 and 1, also for none or all of few. Null for nothing counted. */
export function wilson(hits: number, count: number): Interval | null {
  if (count === 0) return null;
  const share = hits / count;
  const z2 = Z_95 ** 2;
  const center = (share + z2 / (2 * count)) / (1 + z2 / count);
  const half = (Z_95 / (1 + z2 / count)) * Math.sqrt((share * (1 - share)) / count + z2 / (4 * count ** 2));
  return {
    low: hits === 0 ? 0 : Math.max(0, center - half),
    high: hits === count ? 1 : Math.min(1, center + half),
  };
}
