export interface Loop {
  /** Runs soon, or once more after the run that is under way. */
  nudge(): void;
  /** Resolves when the last run has ended. */
  stop(): Promise<void>;
}

/** Runs `action` every `intervalMs` and whenever nudged, never twice at once; errors do not end it. */
export function startLoop(
  action: () => Promise<void>,
  intervalMs: number,
  onError: (error: unknown) => void,
): Loop {
  let stopped = false;
  let again = false;
  let current: Promise<void> | null = null;

  const run = async (): Promise<void> => {
    do {
      again = false;
      await action().catch(onError);
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
