import type { StepRange } from '../../../method/index.js';
import type { BatchArrays } from '../batch-filler.js';

/**
 * A ring of batches in memory shared by the thread that prepares them and the loop that trains on them. Step `n`,
 * from 0, is in slot n % SLOTS. Each side writes only its own counter and wakes the other side:
 *   filled    number of slots written by the thread; the loop waits until it exceeds the needed step
 *   released  number of slots released by the loop; the thread waits for it before it overwrites a slot
 */
export interface Ring {
  /** Shared memory of a WebAssembly.Memory: see `ringMemory`. */
  readonly memory: SharedArrayBuffer;
  readonly steps: StepRange;
  readonly batchSize: number;
  readonly imageValues: number;
}

/** One batch in training and one in preparation. More would help only if steps differed much in length. */
export const SLOTS = 2;

/** TensorFlow uses memory with this alignment without copying it (EIGEN_MAX_ALIGN_BYTES). */
const ALIGNMENT_BYTES = 64;
const PAGE_BYTES = 65_536;
/** Control words, followed by the preparation seconds as a float64. */
const CONTROL_BYTES = ALIGNMENT_BYTES;
const SECONDS_OFFSET = 32;

const FILLED = 0;
const RELEASED = 1;
/** Raised with every change of `released` and at the end of the ring, so that a waiting thread checks again. */
const THREAD_WAKE = 2;
const STATE = 3;

const OPEN = 0;
const CLOSED = 1;
const FAILED = 2;

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
const imagesBytes = ({ batchSize, imageValues }: Omit<Ring, 'memory'>): number =>
  aligned(4 * batchSize * imageValues);
const slotBytes = (ring: Omit<Ring, 'memory'>): number => imagesBytes(ring) + aligned(4 * ring.batchSize);

/** Memory size of a ring in bytes. */
export function ringBytes(ring: Omit<Ring, 'memory'>): number {
  return CONTROL_BYTES + SLOTS * slotBytes(ring);
}

/** Part of JavaScript, but missing in the compiler's ES libraries. */
declare const WebAssembly: {
  readonly Memory: new (pages: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

/**
 * WebAssembly memory starts at a page, so slots can be aligned. A plain SharedArrayBuffer does not guarantee this.
 */
export function ringMemory(bytes: number): SharedArrayBuffer {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }).buffer;
}

/** The arrays of batch `n`, counted from the start. */
export function slotArrays(ring: Ring, n: number): BatchArrays {
  const start = CONTROL_BYTES + (n % SLOTS) * slotBytes(ring);
  return {
    images: new Float32Array(ring.memory, start, ring.batchSize * ring.imageValues),
    labels: new Int32Array(ring.memory, start + imagesBytes(ring), ring.batchSize),
  };
}

/** The counters and signals of a ring, for both sides. */
export class RingControl {
  readonly #words: Int32Array;
  readonly #seconds: Float64Array;

  constructor({ memory }: Ring) {
    this.#words = new Int32Array(memory, 0, 4);
    this.#seconds = new Float64Array(memory, SECONDS_OFFSET, 1);
  }

  /** Resets memory that an earlier ring has used. */
  reset(): void {
    this.#words.fill(0);
    this.#seconds.fill(0);
  }

  get filled(): number {
    return Atomics.load(this.#words, FILLED);
  }

  get failed(): boolean {
    return Atomics.load(this.#words, STATE) === FAILED;
  }

  /** Seconds that the thread has spent on batches. */
  get seconds(): number {
    return this.#seconds[0]!;
  }

  /** Called by the thread: a slot contains its batch. */
  markFilled(seconds: number): void {
    this.#seconds[0]! += seconds;
    Atomics.add(this.#words, FILLED, 1);
    Atomics.notify(this.#words, FILLED);
  }

  /** Called by the thread: it cannot continue. */
  markFailed(): void {
    Atomics.store(this.#words, STATE, FAILED);
    Atomics.notify(this.#words, FILLED);
  }

  /** Called by the thread: waits until batch `n` has a free slot. @returns false if the ring was closed */
  waitForSlot(n: number): boolean {
    for (;;) {
      const wake = Atomics.load(this.#words, THREAD_WAKE);
      if (Atomics.load(this.#words, STATE) === CLOSED) return false;
      if (n - Atomics.load(this.#words, RELEASED) < SLOTS) return true;
      Atomics.wait(this.#words, THREAD_WAKE, wake);
    }
  }

  /**
   * Called by the loop: waits until more than `n` batches are filled, the thread has failed, or `timeoutMs` have
   * passed.
   */
  waitForBatch(n: number, timeoutMs: number): void {
    const filled = this.filled;
    if (filled <= n && !this.failed) Atomics.wait(this.#words, FILLED, filled, timeoutMs);
  }

  /** Called by the loop: a slot may be overwritten. */
  release(): void {
    Atomics.add(this.#words, RELEASED, 1);
    this.#wakeThread();
  }

  /** Called by the loop: no more batches are needed. */
  close(): void {
    Atomics.compareExchange(this.#words, STATE, OPEN, CLOSED);
    this.#wakeThread();
  }

  #wakeThread(): void {
    Atomics.add(this.#words, THREAD_WAKE, 1);
    Atomics.notify(this.#words, THREAD_WAKE);
  }
}
