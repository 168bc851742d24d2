/** Milliseconds since any fixed time. */
export type Clock = () => number;

/** Sums wall time by part. TensorFlow's CPU kernels are synchronous, so each part is measured correctly. */
export class Stopwatch {
  readonly #seconds = new Map<string, number>();
  readonly #made: number;

  constructor(readonly now: Clock) {
    this.#made = now();
  }

  /** Seconds since its creation. */
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
