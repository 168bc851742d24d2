export interface Interval {
  /** Milliseconds. */
  readonly from: number;
  readonly to: number;
}

/**
 * Share of the time of all slots, from the first start to the last end, in which they had a task.
 * @throws RangeError for no tasks
 */
export function busyShare(tasks: readonly Interval[], slots: number): number {
  if (tasks.length === 0) throw new RangeError('the share of no tasks');
  const first = Math.min(...tasks.map(({ from }) => from));
  const last = Math.max(...tasks.map(({ to }) => to));
  const busy = tasks.reduce((sum, { from, to }) => sum + to - from, 0);
  return busy / ((last - first) * slots);
}

interface Valued {
  readonly number: number;
  readonly value: number | null;
}

/** Place from 1 of a trial among all of the grid, by what the grid's trial of the same number has. */
export function placeOf({ number }: Valued, grid: readonly Valued[]): number {
  const own = grid.find((trial) => trial.number === number)?.value ?? Number.NEGATIVE_INFINITY;
  return 1 + grid.filter(({ value }) => value !== null && value > own).length;
}
