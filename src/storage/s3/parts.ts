import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { readPart } from './upload.js';

/** Size of all parts but the last one. */
export const PART_BYTES = 8 << 20;
/** Parts on their way, which bounds the memory of an upload. */
const IN_FLIGHT = 3;

/** A piece of a file that is an object of its own. */
export interface Part {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** The list of the pieces of a file, and the sha256 of the whole. */
export interface PartList {
  readonly parts: readonly Part[];
  readonly sha256: string;
}

/**
 * Uploads a file that only grows in parts, each as soon as it is complete, so that most of it is there when the file is.
 * A part that fails is sent again by `list`. The bytes before `#read` have been read and hashed in order; the parts in
 * `#unsent` have not arrived, and those in `#sending` are on their way.
 */
export class GrowingUpload {
  readonly #hash = createHash('sha256');
  readonly #parts: Part[] = [];
  readonly #unsent = new Map<number, Buffer>();
  readonly #sending = new Map<number, Promise<void>>();
  #read = 0;
  #reading: Promise<void> | null = null;
  #closed = false;

  constructor(
    private readonly path: string,
    private readonly send: (part: Part, bytes: Buffer) => Promise<void>,
  ) {}

  /** The file has grown. Starts uploads, and does not wait for them. */
  advance(): void {
    if (this.#closed || this.#reading !== null || this.#unsent.size >= IN_FLIGHT) return;
    const reading = this.#readParts(false).finally(() => {
      this.#reading = null;
    });
    // A failure shows in `list`, which reads on from the same place.
    this.#reading = reading.catch(() => undefined);
  }

  /** Uploads the rest of the file as it is now. The file may grow further. */
  async list(): Promise<PartList> {
    await this.#reading;
    await this.#readParts(true);
    const tail = await this.#readTail();
    const hash = this.#hash.copy();
    if (tail === null) return { parts: [...this.#parts], sha256: hash.digest('hex') };
    const part = partOf(tail);
    await this.send(part, tail);
    return { parts: [...this.#parts, part], sha256: hash.update(tail).digest('hex') };
  }

  /** Resolves when no upload is on its way any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#reading;
    await Promise.allSettled(this.#sending.values());
  }

  /** Reads all complete parts. @param all false: only as many as may be on their way, and without waiting for them */
  async #readParts(all: boolean): Promise<void> {
    const file = await open(this.path);
    try {
      const { size } = await file.stat();
      while (size - this.#read >= PART_BYTES) {
        if (this.#unsent.size >= IN_FLIGHT) {
          if (!all) return;
          await this.#sendUnsent();
        }
        await this.#readOne(file);
      }
    } finally {
      await file.close();
    }
    if (all) await this.#sendUnsent();
  }

  async #readOne(file: FileHandle): Promise<void> {
    const bytes = await readPart(file, this.#read, this.#read + PART_BYTES);
    this.#read += PART_BYTES;
    this.#hash.update(bytes);
    const index = this.#parts.push(partOf(bytes)) - 1;
    this.#unsent.set(index, bytes);
    this.#sendOne(index, bytes).catch(() => undefined);
  }

  #sendOne(index: number, bytes: Buffer): Promise<void> {
    const part = this.#parts[index];
    if (part === undefined) throw new RangeError(`there is no part ${index}`);
    const running = this.#sending.get(index);
    if (running) return running;
    const sending = this.send(part, bytes)
      .then(() => void this.#unsent.delete(index))
      .finally(() => this.#sending.delete(index));
    this.#sending.set(index, sending);
    return sending;
  }

  /** Waits for the parts on their way, and sends those again that failed. @throws the error of one that fails again */
  async #sendUnsent(): Promise<void> {
    await Promise.allSettled(this.#sending.values());
    await Promise.all([...this.#unsent].map(([index, bytes]) => this.#sendOne(index, bytes)));
  }

  async #readTail(): Promise<Buffer | null> {
    const { size } = await stat(this.path);
    if (size === this.#read) return null;
    const file = await open(this.path);
    try {
      return await readPart(file, this.#read, size);
    } finally {
      await file.close();
    }
  }
}

function partOf(bytes: Buffer): Part {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.byteLength };
}
