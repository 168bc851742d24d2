import { Worker } from 'node:worker_threads';
import { imageLibrary } from '../../../images/library.js';
import type { StepRange } from '../../../method/index.js';
import type { Shape } from '../../../network/index.js';
import { TrainerError } from '../../errors.js';
import type { TrainBatchesOptions } from '../batch-filler.js';
import { type Batch, toBatch } from '../batches.js';
import type { SplitFiles } from '../split-files.js';
import type { FillFailure, FillOrder } from './fill-loop.js';
import { type Ring, RingControl, ringBytes, ringMemory, slotArrays } from './ring.js';

const THREAD = new URL('./thread.mjs', import.meta.url);

/** Maximum size of a ring. Batches that would need more are prepared in the training loop, one at a time. */
const MAX_RING_BYTES = 2 ** 30;

/** Duration of one wait for a batch. It blocks the event loop, which must run to receive failures of the thread. */
const SLICE_MS = 20;

/** The batches of a range of steps, prepared ahead by the thread. Take each once, in order. */
export interface PreparedBatches {
  /**
   * The next batch. Its tensors use the memory of the ring, so the previous batch must be disposed of first.
   * @throws TrainerError, or Error with the cause, if the thread has failed
   */
  next(): Promise<Batch>;
  /** Seconds that the thread has spent on batches, in parallel to training. */
  readonly seconds: number;
  close(): void;
}

/**
 * A thread that decodes, augments and normalizes the batches of the next steps while TensorFlow computes. It stays
 * for the next task, because starting it costs as much as a hundred small batches.
 */
export class BatchThread {
  #worker: Worker | null = null;
  #memory: SharedArrayBuffer | null = null;
  /** Resolves when the thread has left the ring of the last order. */
  #idle: Promise<void> = Promise.resolve();
  #order: { failure: Error | null; end: () => void } | null = null;

  /** @param decoders number of encoded images that it decodes at the same time */
  constructor(private readonly decoders = 1) {}

  /** Starts the thread in advance; otherwise `open` starts it. */
  start(): void {
    this.#living();
  }

  /** Whether batches of this size are prepared ahead. */
  static takes(batchSize: number, imageValues: number): boolean {
    return ringBytes({ batchSize, imageValues, steps: { start: 0, end: 0 } }) <= MAX_RING_BYTES;
  }

  /**
   * Starts preparing the batches of `steps`. One task at a time: waits until the previously opened batches are
   * closed.
   */
  async open(files: SplitFiles, options: TrainBatchesOptions, steps: StepRange): Promise<PreparedBatches> {
    await this.#idle;
    const { image, storage } = files.manifest;
    if (storage === 'encoded') await imageLibrary();
    const imageValues = image.height * image.width * image.channels;
    const ring = this.#ring({ steps, batchSize: options.batchSize, imageValues });
    const order = this.#begin({ ring, files, options, decoders: this.decoders });
    return preparedBatches(ring, image, () => order.failure);
  }

  /** Ends the thread. Pending requests for batches fail. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #ring(size: Omit<Ring, 'memory'>): Ring {
    const bytes = ringBytes(size);
    if (this.#memory === null || this.#memory.byteLength < bytes) this.#memory = ringMemory(bytes);
    const ring = { ...size, memory: this.#memory };
    new RingControl(ring).reset();
    return ring;
  }

  #begin(message: FillOrder): { readonly failure: Error | null } {
    const worker = this.#living();
    const order = { failure: null as Error | null, end: (): void => undefined };
    this.#order = order;
    this.#idle = new Promise((resolve) => {
      order.end = resolve;
    });
    worker.ref();
    worker.postMessage(message);
    return order;
  }

  #living(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(THREAD, { execArgv: [] });
    worker.on('message', (message: FillFailure | 'done') => {
      if (message !== 'done') this.#fail(errorOf(message));
      else this.#end(worker);
    });
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', (code) => {
      this.#fail(new Error(`exit code ${code}`));
      this.#end(worker);
      if (this.#worker === worker) this.#worker = null;
    });
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  /** The thread has left its ring. */
  #end(worker: Worker): void {
    // A worker that is being terminated keeps the process alive until it has ended.
    if (this.#worker === worker) worker.unref();
    this.#order?.end();
  }

  #fail(error: Error): void {
    if (this.#order) this.#order.failure ??= error;
  }
}

function preparedBatches(ring: Ring, image: Shape, failure: () => Error | null): PreparedBatches {
  const control = new RingControl(ring);
  let taken = 0;
  const untilFilled = async (): Promise<void> => {
    while (control.filled <= taken) {
      const error = failure();
      if (error) throw thrown(error);
      control.waitForBatch(taken, SLICE_MS);
      if (control.filled <= taken) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return {
    async next() {
      await untilFilled();
      const batch = toBatch(slotArrays(ring, taken++), image);
      return {
        ...batch,
        dispose: () => {
          batch.dispose();
          control.release();
        },
      };
    },
    get seconds() {
      return control.seconds;
    },
    close: () => control.close(),
  };
}

function errorOf({ code, message }: FillFailure): Error {
  return code === null ? new Error(message) : new TrainerError(code, message);
}

function thrown(cause: Error): Error {
  if (cause instanceof TrainerError) return cause;
  return new Error(`the thread that prepares batches failed: ${cause.message}`, { cause });
}
