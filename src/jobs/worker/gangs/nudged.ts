/** Wakes those of this worker that wait for something to change in a gang. */
export class Nudged {
  readonly #waiting = new Set<() => void>();

  nudge(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Calls `wake` at every nudge. @returns a function that ends this */
  follow(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => void this.#waiting.delete(wake);
  }

  /** Resolves at the next nudge, after `ms` or when `signal` aborts. */
  async changed(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake);
    });
  }
}
