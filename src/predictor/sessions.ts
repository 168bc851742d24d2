/** Something loaded that can be let go. */
export interface Loaded<T> {
  readonly value: T;
  readonly sizeBytes: number;
  release(): Promise<void>;
}

interface Entry<T> {
  readonly loading: Promise<Loaded<T>>;
  /** Once it is loaded. */
  sizeBytes: number;
  users: number;
  evicted: boolean;
}

/**
 * Models kept loaded, the least recently used let go first. One that is in use stays until its last user is done, and
 * the one asked for is loaded however large it is.
 */
export class Sessions<T> {
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry<T>>();

  constructor(
    private readonly load: (key: string) => Promise<Loaded<T>>,
    private readonly maxBytes: number,
  ) {}

  get loadedBytes(): number {
    return [...this.#entries.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Lends the model to `work`. A failure to load is told to who asked, and tried again by who asks next. */
  async use<R>(key: string, work: (value: T) => Promise<R>): Promise<R> {
    const entry = this.#entries.get(key) ?? this.begin(key);
    // Behind all others now.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users += 1;
    try {
      const { value } = await this.loaded(key, entry);
      this.evict();
      return await work(value);
    } finally {
      entry.users -= 1;
      await this.letGo(entry);
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
      void this.letGo(entry);
    }
  }

  private async letGo({ evicted, users, loading }: Entry<T>): Promise<void> {
    if (!evicted || users > 0) return;
    await loading.then(
      (loaded) => loaded.release(),
      () => undefined,
    );
  }
}
