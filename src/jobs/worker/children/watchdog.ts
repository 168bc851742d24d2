export interface Watchdog {
  /** Reports activity. */
  reset(): void;
  stop(): void;
}

/** Calls `onSilence` after `silenceMs` without activity. */
export function startWatchdog(silenceMs: number, onSilence: () => void): Watchdog {
  const timer = setTimeout(onSilence, silenceMs);
  return {
    reset: () => void timer.refresh(),
    stop: () => clearTimeout(timer),
  };
}
