/** A loaded object that can be released. */
export interface Loaded<T> {
  readonly value: T;
  readonly sizeBytes: number;
  release(): Promise<void>;
}

interface Entry<T> {
  readonly loading: Promise<Loaded<T>>;
  /** Set after loading. */
  sizeBytes: number;
  users: number;
  evicted: boolean;
}

/**
 * A cache of loaded models. The least recently used one is released first. A model in use stays loaded until its
 * last user is done, and a requested model is loaded whatever its size is.
 */
export class Sessions<T> {
  /** In order of last use. */
  readonly #entries = new Map<string, Entry<T>>();

  constructor(
    private readonly load: (key: string) => Promise<Loaded<T>>,
    private readonly maxBytes: number,
  ) {}

  get loadedBytes(): number {
    return [...this.#entries.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Calls `work` with the model. If loading fails, the callers get the error, and the next call tries again. */
  async use<R>(key: string, work: (value: T) => Promise<R>): Promise<R> {
    const entry = this.#entries.get(key) ?? this.begin(key);
    // Moves the entry to the end: it is now the most recently used one.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users += 1;
    try {
      const { value } = await this.loaded(key, entry);
      this.evict();
      return await work(value);
    } finally {
      entry.users -= 1;
      await this.release(entry);
    }
  }

  private begin(key: string): Entry<T> {
    return { loading: this.load(key), sizeBytes: 0, users: 0, evicted: false };
  }

  private async loaded(key: string, entry: Entry<T>): Promise<Loaded<T>> {
    try {
      const loaded = await entry.loading;
      entry.sizeBytes = loaded.sizeBytes;
      return loaded;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  private evict(): void {
    for (const [key, entry] of this.#entries) {
      if (this.loadedBytes <= this.maxBytes || this.#entries.size === 1) return;
      this.#entries.delete(key);
      entry.evicted = true;
      void this.release(entry);
    }
  }

  private async release({ evicted, users, loading }: Entry<T>): Promise<void> {
    if (!evicted || users > 0) return;
    await loading.then(
      (loaded) => loaded.release(),
      () => undefined,
    );
  }
}
