/**
 * Fires at the first SIGINT or SIGTERM, or when the process that started this one is gone. Later ones are ignored, since
 * Ctrl-C under npm arrives more than once.
 * @param outlives the starter: its end is no reason to stop
 */
export function stopSignal({ outlives = false }: { readonly outlives?: boolean } = {}): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => controller.abort(new Stopped(name)));
  }
  if (outlives) return controller.signal;
  // scripts/bootstrap.mjs holds the other end of this channel.
  process.on('disconnect', () => controller.abort(new Stopped('the end of its starter')));
  process.channel?.unref();
  return controller.signal;
}

/** The user asked to stop. */
export class Stopped extends Error {
  constructor(signal: string) {
    super(`stopped by ${signal}`);
  }
}

export function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
