import { StrataProblem } from './problem.js';

const ATTEMPTS = 5;
const FIRST_MS = 200;
const MAX_MS = 5_000;

/** Half of the wait is random, so that the clients of a restarted server do not all call at once. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const longest = Math.min(MAX_MS, FIRST_MS * 2 ** attempt);
  return longest / 2 + (random() * longest) / 2;
}

/** Whether a retry of the same request may succeed. A missing response counts as such. */
export function isPassing(error: unknown): boolean {
  if (error instanceof StrataProblem) return error.status === 429 || error.status >= 500;
  return error instanceof Error && error.name !== 'AbortError';
}

/** Time to wait after `error`: the time that the server gives, otherwise longer each time. */
export function waitMs(error: unknown, attempt: number): number {
  const asked = error instanceof StrataProblem ? error.retryAfter : null;
  return asked === null ? backoffMs(attempt) : asked * 1000;
}

/** Resolves after `ms`, or at once when `signal` aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}

/** Runs `request`, and retries it while a retry may help. @throws the error of the last attempt */
export async function retried<T>(signal: AbortSignal | undefined, request: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await request();
    } catch (error) {
      if (attempt + 1 >= ATTEMPTS || !isPassing(error)) throw error;
      await pause(waitMs(error, attempt), signal);
      signal?.throwIfAborted();
    }
  }
}
