/**
 * Exponential moving average without the bias of its start: m_t = b m_(t-1) + (1 - b) x_t, divided by 1 - b^t (Adam,
 * arXiv:1412.6980, section 3). Gaps stay gaps.
 * @param weight b, 0 (no smoothing) to below 1
 */
export function smooth(values: readonly (number | null | undefined)[], weight: number): (number | null)[] {
  let mean = 0;
  let bias = 1;
  return values.map((value) => {
    if (value === null || value === undefined) return null;
    mean = weight * mean + (1 - weight) * value;
    bias *= weight;
    return mean / (1 - bias);
  });
}
