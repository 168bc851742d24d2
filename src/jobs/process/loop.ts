export interface Loop {
  /** Runs soon, or once more after the run that is under way. */
  nudge(): void;
  /** The last run that succeeded; null before the first has. */
  lastSuccess(): LoopRun | null;
  /** Resolves when the last run has ended. */
  stop(): Promise<void>;
}

export interface LoopRun {
  /** Milliseconds of `performance.now()`. */
  readonly endedAt: number;
  readonly seconds: number;
}

/**
 * Runs `action` every `intervalMs` and whenever nudged, never twice at once. Errors do not end it; one that comes again
 * run after run is reported once, since a server that is down would fill the log.
 */
export function startLoop(
  action: () => Promise<void>,
  intervalMs: number,
  onError: (error: unknown) => void,
): Loop {
  let stopped = false;
  let again = false;
  let current: Promise<void> | null = null;

  let lastError: string | null = null;
  let lastSuccess: LoopRun | null = null;
  const succeeded = (startedAt: number): void => {
    lastError = null;
    const endedAt = performance.now();
    lastSuccess = { endedAt, seconds: (endedAt - startedAt) / 1000 };
  };
  const failed = (error: unknown): void => {
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
  const timer = setInterval(nudge, intervalMs);
  nudge();
  return {
    nudge,
    lastSuccess: () => lastSuccess,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await current;
    },
  };
}
