export interface Watchdog {
  /** Life was seen. */
  reset(): void;
  stop(): void;
}

/** Calls `onSilence` once nothing was seen for `silenceMs`. */
export function startWatchdog(silenceMs: number, onSilence: () => void): Watchdog {
  const timer = setTimeout(onSilence, silenceMs);
  return {
    reset: () => void timer.refresh(),
    stop: () => clearTimeout(timer),
  };
}
