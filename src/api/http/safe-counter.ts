import type { RequestCount } from '../../contract/client/service.js';

export type Count = (key: string, windowMs: number) => Promise<RequestCount>;

/** Pause after a failure of the shared counter, because each try may take its whole timeout. */
const PAUSE_MS = 5_000;
/** Maximum number of keys counted here. Beyond it, all counts restart. */
const MAX_KEYS = 10_000;

/**
 * Counts with `shared`. While that fails, counts in this process only, so that a weaker limit holds without Redis.
 */
export function countSafely(
  shared: Count,
  log: { warn(details: object, message: string): void },
  nowMs: () => number,
): Count {
  const own = countHere(nowMs);
  let pausedUntil = Number.NEGATIVE_INFINITY;
  return async (key, windowMs) => {
    if (nowMs() < pausedUntil) return own(key, windowMs);
    try {
      return await shared(key, windowMs);
    } catch (error) {
      pausedUntil = nowMs() + PAUSE_MS;
      log.warn(
        { err: error },
        'Redis cannot count requests: this process now limits only the requests that it receives itself',
      );
      return own(key, windowMs);
    }
  };
}

/** Counts in fixed windows, which start with the first request of each key. */
function countHere(nowMs: () => number): Count {
  const windows = new Map<string, { count: number; until: number }>();
  return async (key, windowMs) => {
    const now = nowMs();
    const found = windows.get(key);
    if (windows.size >= MAX_KEYS) windows.clear();
    const current = found && now < found.until ? found : { count: 0, until: now + windowMs };
    current.count += 1;
    windows.set(key, current);
    return { count: current.count, remainingMs: current.until - now };
  };
}
