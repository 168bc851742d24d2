export interface Loop {
  /** Runs the action soon, or once more after the current run. */
  nudge(): void;
  /** The last successful run; null before the first one. */
  lastSuccess(): LoopRun | null;
  /** Runs that failed since the start. */
  failures(): number;
  /** Resolves when the last run has ended. */
  stop(): Promise<void>;
}

export interface LoopRun {
  /** Milliseconds of `performance.now()`. */
  readonly endedAt: number;
  readonly seconds: number;
}

/**
 * Runs `action` at the interval `intervalMs` (null: only once; a function: asked before each wait) and at every nudge, never
 * twice at once. Errors do not end the loop.
 * An error that repeats in consecutive runs is logged once, because a server that is down would fill the log.
 */
export function startLoop(
  action: () => Promise<void>,
  intervalMs: number | null | (() => number),
  onError: (error: unknown) => void,
): Loop {
  let stopped = false;
  let again = false;
  let current: Promise<void> | null = null;

  let lastError: string | null = null;
  let lastSuccess: LoopRun | null = null;
  let failures = 0;
  const succeeded = (startedAt: number): void => {
    lastError = null;
    const endedAt = performance.now();
    lastSuccess = { endedAt, seconds: (endedAt - startedAt) / 1000 };
  };
  const failed = (error: unknown): void => {
    failures++;
    if (String(error) !== lastError) onError(error);
    lastError = String(error);
  };

  const run = async (): Promise<void> => {
    do {
      again = false;
      const startedAt = performance.now();
      await action().then(() => succeeded(startedAt), failed);
    } while (again && !stopped);
    current = null;
  };
  const nudge = (): void => {
    if (stopped) return;
    if (current) again = true;
    else current = run();
  };
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    const ms = typeof intervalMs === 'function' ? intervalMs() : intervalMs;
    if (ms === null) return;
    timer = setTimeout(() => {
      wait();
      nudge();
    }, ms);
  };
  wait();
  nudge();
  return {
    nudge,
    lastSuccess: () => lastSuccess,
    failures: () => failures,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await current;
    },
  };
}
