import type { RequestCount } from '../../contract/client/service.js';

export type Count = (key: string, windowMs: number) => Promise<RequestCount>;

/** After a failure the shared counter is left alone for so long: each try may cost its timeout. */
const PAUSE_MS = 5_000;
/** Keys counted here at most; beyond it all begin anew. */
const MAX_KEYS = 10_000;

/** Counts with `shared`, and in this process alone while that fails: a limit, if a wider one, holds without Redis. */
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
        'Redis does not count requests: this process limits them by what it sees itself',
      );
      return own(key, windowMs);
    }
  };
}

/** Fixed windows, each from its key's first request on. */
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
