export interface Loop {
  /** Runs soon, or once more after the run that is under way. */
  nudge(): void;
  /** Resolves when the last run has ended. */
  stop(): Promise<void>;
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
  const succeeded = (): void => {
    lastError = null;
  };
  const failed = (error: unknown): void => {
    if (String(error) !== lastError) onError(error);
    lastError = String(error);
  };

  const run = async (): Promise<void> => {
    do {
      again = false;
      await action().then(succeeded, failed);
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
    async stop() {
      stopped = true;
      clearInterval(timer);
      await current;
    },
  };
}
