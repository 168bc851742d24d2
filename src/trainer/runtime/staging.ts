const FLOAT = Float32Array.BYTES_PER_ELEMENT;
/**
 * malloc takes memory of more than 32 MB from the system, of which only what is written becomes resident, and gives it back as
 * it is freed. Smaller memory would leave holes between the tensors of the device.
 */
const LARGE_BYTES = 33 * 2 ** 20;

/** Memory through which arrays go to the device, one after another. */
export class Staging {
  #memory: ArrayBuffer | null = null;

  /** @param most length of the largest array */
  constructor(private readonly most: number) {}

  /** An array whose values the next one replaces. It starts where TensorFlow copies it (`upload`), at no multiple of 64 bytes. */
  array(length: number): Float32Array {
    this.#memory ??= new ArrayBuffer(Math.max(FLOAT * (1 + this.most), LARGE_BYTES));
    return new Float32Array(this.#memory, FLOAT, length);
  }
}
