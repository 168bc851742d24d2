import type { StepRange } from '../../../method/index.js';
import type { BatchArrays } from '../batch-filler.js';

/**
 * Batches on their way from the thread that prepares them to the loop that trains on them, in memory both see. Step
 * `n`, counted from 0, lies in slot n % SLOTS. Each side writes its own counter alone and wakes the other:
 *   filled    slots the thread has written since the start; the loop waits for it to pass the step it needs
 *   released  slots the loop has given back; the thread waits for it before it writes over a slot
 */
export interface Ring {
  /** Shared, from a WebAssembly.Memory: see `ringMemory`. */
  readonly memory: SharedArrayBuffer;
  readonly steps: StepRange;
  readonly batchSize: number;
  readonly imageValues: number;
}

/** One that is trained on and one that is prepared: more would only help where steps differ much in length. */
export const SLOTS = 2;

/** TensorFlow takes memory over without a copy where it is aligned so (EIGEN_MAX_ALIGN_BYTES). */
const ALIGNMENT_BYTES = 64;
const PAGE_BYTES = 65_536;
/** Control words; the seconds spent preparing follow as a float64. */
const CONTROL_BYTES = ALIGNMENT_BYTES;
const SECONDS_OFFSET = 32;

const FILLED = 0;
const RELEASED = 1;
/** Raised with every change of `released`, and by whoever ends the ring: a thread that waits then looks again. */
const THREAD_WAKE = 2;
const STATE = 3;

const OPEN = 0;
const CLOSED = 1;
const FAILED = 2;

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
const imagesBytes = ({ batchSize, imageValues }: Omit<Ring, 'memory'>): number =>
  aligned(4 * batchSize * imageValues);
const slotBytes = (ring: Omit<Ring, 'memory'>): number => imagesBytes(ring) + aligned(4 * ring.batchSize);

/** Bytes of memory a ring takes. */
export function ringBytes(ring: Omit<Ring, 'memory'>): number {
  return CONTROL_BYTES + SLOTS * slotBytes(ring);
}

/** Part of JavaScript, but not of the compiler's ES libraries. */
declare const WebAssembly: {
  readonly Memory: new (pages: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

/** WebAssembly's memory begins at a page, which no plain SharedArrayBuffer promises: so slots can be aligned. */
export function ringMemory(bytes: number): SharedArrayBuffer {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }).buffer;
}

/** The arrays of the `n`th batch since the start. */
export function slotArrays(ring: Ring, n: number): BatchArrays {
  const start = CONTROL_BYTES + (n % SLOTS) * slotBytes(ring);
  return {
    images: new Float32Array(ring.memory, start, ring.batchSize * ring.imageValues),
    labels: new Int32Array(ring.memory, start + imagesBytes(ring), ring.batchSize),
  };
}

/** What both sides say to each other about a ring. */
export class RingControl {
  readonly #words: Int32Array;
  readonly #seconds: Float64Array;

  constructor({ memory }: Ring) {
    this.#words = new Int32Array(memory, 0, 4);
    this.#seconds = new Float64Array(memory, SECONDS_OFFSET, 1);
  }

  /** For memory that an earlier ring has used. */
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

  /** Seconds the thread has spent preparing. */
  get seconds(): number {
    return this.#seconds[0]!;
  }

  /** The thread: a slot holds its batch. */
  markFilled(seconds: number): void {
    this.#seconds[0]! += seconds;
    Atomics.add(this.#words, FILLED, 1);
    Atomics.notify(this.#words, FILLED);
  }

  /** The thread: it cannot go on. */
  markFailed(): void {
    Atomics.store(this.#words, STATE, FAILED);
    Atomics.notify(this.#words, FILLED);
  }

  /** The thread: waits until batch `n` has a free slot. @returns false where the ring was closed */
  waitForSlot(n: number): boolean {
    for (;;) {
      const wake = Atomics.load(this.#words, THREAD_WAKE);
      if (Atomics.load(this.#words, STATE) === CLOSED) return false;
      if (n - Atomics.load(this.#words, RELEASED) < SLOTS) return true;
      Atomics.wait(this.#words, THREAD_WAKE, wake);
    }
  }

  /** The loop: waits until more batches are filled than `n`, or the thread failed, or `timeoutMs` have passed. */
  waitForBatch(n: number, timeoutMs: number): void {
    const filled = this.filled;
    if (filled <= n && !this.failed) Atomics.wait(this.#words, FILLED, filled, timeoutMs);
  }

  /** The loop: a slot may be written over. */
  release(): void {
    Atomics.add(this.#words, RELEASED, 1);
    this.#wakeThread();
  }

  /** The loop: no more batches are wanted. */
  close(): void {
    Atomics.compareExchange(this.#words, STATE, OPEN, CLOSED);
    this.#wakeThread();
  }

  #wakeThread(): void {
    Atomics.add(this.#words, THREAD_WAKE, 1);
    Atomics.notify(this.#words, THREAD_WAKE);
  }
}
