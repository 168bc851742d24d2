import { Worker } from 'node:worker_threads';
import { TrainerError } from '../../errors.js';
import { FRAME, type Frame } from './frame.js';
import type { FromThread, Side, ThreadOptions, ToThread } from './socket-loop.js';

const THREAD = new URL('./thread.mjs', import.meta.url);

/** The streams between a trainer and its neighbors in a gang: in order, bounded both ways, with checksums. */
export class Neighbors {
  readonly upstream: Neighbor;
  readonly downstream: Neighbor;
  readonly #thread: Worker;
  readonly #closed: Promise<void>;

  constructor(options: ThreadOptions) {
    const thread = new Worker(THREAD, { execArgv: [], workerData: options });
    const post = (message: ToThread, transfer: ArrayBuffer[] = []) => thread.postMessage(message, transfer);
    this.#thread = thread;
    this.upstream = new Neighbor('upstream', options.capacity, post);
    this.downstream = new Neighbor('downstream', options.capacity, post);
    const end = (message: string): void => {
      this.upstream.end(message, true);
      this.downstream.end(message, true);
    };
    thread.on('error', ({ message }) => end(message));
    this.#closed = new Promise((resolve) => {
      thread.on('exit', () => {
        end('the thread of the streams ended');
        resolve();
      });
    });
    thread.on('message', (message: FromThread) => {
      if (message.type === 'closed') return;
      const neighbor = this[message.side];
      if (message.type === 'frame') neighbor.received(message.frame);
      else if (message.type === 'sent') neighbor.sent();
      else neighbor.end(message.message, message.broken);
    });
  }

  /** Sends what is still to be sent, and ends with its neighbors. One that is stuck is not waited for. */
  async close(): Promise<void> {
    this.#thread.postMessage({ type: 'end' } satisfies ToThread);
    const timer = setTimeout(() => void this.#thread.terminate(), CLOSE_MS);
    await this.#closed;
    clearTimeout(timer);
  }
}

/** Longer than most steps, and less than a worker waits for tasks that it stops. */
const CLOSE_MS = 15_000;

/** One neighbor. Frames of it are read in order; a frame that is sent waits while too many are on their way. */
export class Neighbor {
  readonly #frames: Frame[] = [];
  #onTheWay = 0;
  /** Why no frame follows, and why none can be sent. */
  #ended: string | null = null;
  #broken: string | null = null;
  #wake: (() => void) | null = null;

  constructor(
    private readonly side: Side,
    private readonly capacity: number,
    private readonly post: (message: ToThread, transfer?: ArrayBuffer[]) => void,
  ) {}

  /** Hands the bytes to the thread, which owns them from then on. @throws TrainerError stream_lost */
  async send(frame: Frame): Promise<void> {
    while (this.#onTheWay >= this.capacity && this.#broken === null) await this.#change();
    if (this.#broken !== null) throw this.#lost(this.#broken);
    this.#onTheWay++;
    this.post({ type: 'send', side: this.side, frame }, [frame.bytes]);
  }

  /** @throws TrainerError stream_lost, if the neighbor has ended and no frame of it is left */
  async receive(): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame) {
        this.post({ type: 'read', side: this.side });
        return frame;
      }
      if (this.#ended !== null) throw this.#lost(this.#ended);
      await this.#change();
    }
  }

  received(frame: Frame): void {
    this.#frames.push(frame);
    this.#wake?.();
  }

  sent(): void {
    this.#onTheWay--;
    this.#wake?.();
  }

  end(message: string, broken: boolean): void {
    this.#ended ??= message;
    if (broken) this.#broken ??= message;
    this.#wake?.();
  }

  /** Resolves when something has come, left or ended. */
  async #change(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = null;
  }

  #lost(message: string): TrainerError {
    return new TrainerError(
      'stream_lost',
      `the stream from or to the ${this.side} trainer ended: ${message}`,
    );
  }
}

/** A frame with the record of a codec. */
export function recordFrame(record: readonly Uint8Array[]): Frame {
  const bytes = new Uint8Array(record.reduce((sum, { length }) => sum + length, 0));
  let start = 0;
  for (const piece of record) {
    bytes.set(piece, start);
    start += piece.length;
  }
  return { kind: FRAME.tensor, bytes: bytes.buffer };
}

/** A frame with a tensor's values. Their array must not be used afterwards. */
export function tensorFrame(values: Float32Array): Frame {
  const { buffer, byteOffset, byteLength } = values;
  const whole = byteOffset === 0 && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer;
  return { kind: FRAME.tensor, bytes: whole ? buffer : new Float32Array(values).buffer };
}
