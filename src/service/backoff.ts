/** Delays before restarts of a crashed process. */
export interface Backoff {
  firstMs: number;
  maxMs: number;
  /** A process that ran for this long was healthy: its next crash counts as the first. */
  healthyMs: number;
}

export const RESTARTS: Backoff = { firstMs: 250, maxMs: 30_000, healthyMs: 60_000 };

/** Number of crashes in a row after one more, given the run time of the process. */
export function countDeath(inRow: number, ranMs: number, backoff: Backoff): number {
  return ranMs >= backoff.healthyMs ? 1 : inRow + 1;
}

/** Delay in milliseconds after this number of crashes in a row. It doubles, up to a limit. */
export function restartDelayMs(deathsInRow: number, backoff: Backoff): number {
  return Math.min(backoff.maxMs, backoff.firstMs * 2 ** (deathsInRow - 1));
}
