/** When to start a process again that died. */
export interface Backoff {
  firstMs: number;
  mostMs: number;
  /** A process that ran this long was healthy: its next death counts as the first. */
  healthyMs: number;
}

export const RESTARTS: Backoff = { firstMs: 250, mostMs: 30_000, healthyMs: 60_000 };

/** Deaths in a row after one more, given how long the process had run. */
export function countDeath(inRow: number, ranMs: number, backoff: Backoff): number {
  return ranMs >= backoff.healthyMs ? 1 : inRow + 1;
}

/** Milliseconds to wait after that many deaths in a row: doubling, up to a limit. */
export function restartDelayMs(deathsInRow: number, backoff: Backoff): number {
  return Math.min(backoff.mostMs, backoff.firstMs * 2 ** (deathsInRow - 1));
}
