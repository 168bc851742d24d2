/** Milliseconds since any fixed moment. */
export type Clock = () => number;

/** Adds up wall time by part. TensorFlow's CPU kernels return when they are done, so a part's time is its own. */
export class Stopwatch {
  readonly #seconds = new Map<string, number>();
  readonly #made: number;

  constructor(readonly now: Clock) {
    this.#made = now();
  }

  /** Seconds since it was made. */
  get elapsed(): number {
    return (this.now() - this.#made) / 1000;
  }

  time<T>(part: string, body: () => T): T {
    const start = this.now();
    try {
      return body();
    } finally {
      this.add(part, (this.now() - start) / 1000);
    }
  }

  async timeAsync<T>(part: string, body: () => Promise<T>): Promise<T> {
    const start = this.now();
    try {
      return await body();
    } finally {
      this.add(part, (this.now() - start) / 1000);
    }
  }

  add(part: string, seconds: number): void {
    this.#seconds.set(part, (this.#seconds.get(part) ?? 0) + seconds);
  }

  get seconds(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#seconds);
  }
}
