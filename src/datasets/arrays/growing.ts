type Numbers = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** A list of numbers in a typed array that grows, because there may be millions of images. */
export class GrowingArray<T extends Numbers> {
  #values: T;
  #length = 0;

  constructor(private readonly make: (length: number) => T) {
    this.#values = make(1_024);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = this.make(2 * this.#length);
      larger.set(this.#values as Uint8Array & Uint16Array & Uint32Array & Float64Array);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  at(index: number): number {
    return this.#values[index]!;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }
}
