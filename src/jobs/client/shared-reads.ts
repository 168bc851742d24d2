/**
 * Reads under way, so that a thousand readers woken by one nudge ask the database once. What was begun before a nudge may
 * have missed what the nudge is about: `forget` lets nobody join it any more.
 */
export class SharedReads {
  readonly #reads = new Map<string, Promise<unknown>>();

  /** The answer of `read`, or of the same read by another caller, under way since the last `forget`. */
  share<T>(key: string, read: () => Promise<T>): Promise<T> {
    const present = this.#reads.get(key) as Promise<T> | undefined;
    if (present !== undefined) return present;
    const begun = read().finally(() => {
      if (this.#reads.get(key) === begun) this.#reads.delete(key);
    });
    this.#reads.set(key, begun);
    return begun;
  }

  forget(): void {
    this.#reads.clear();
  }
}
