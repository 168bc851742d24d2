import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';

const CHUNK_BYTES = 2 ** 20;

/**
 * A file that grows at its end and can be read anywhere. It is synchronous, because the importer is a separate
 * process and reads recently written data. The sha256 is computed while writing.
 */
export class ArrayFile {
  readonly #file: number;
  readonly #hash = createHash('sha256');
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #filled = 0;
  #written = 0;

  constructor(readonly path: string) {
    this.#file = openSync(path, 'wx+');
  }

  /** Bytes appended so far. */
  get length(): number {
    return this.#written + this.#filled;
  }

  append(bytes: Uint8Array): void {
    if (this.#filled + bytes.length > CHUNK_BYTES) this.#flush();
    if (bytes.length > CHUNK_BYTES) this.#write(bytes);
    else {
      this.#chunk.set(bytes, this.#filled);
      this.#filled += bytes.length;
    }
  }

  /** @throws Error beyond the end of the file */
  read(offset: number, length: number): Buffer {
    this.#flush();
    const bytes = Buffer.allocUnsafe(length);
    const read = readSync(this.#file, bytes, 0, length, offset);
    if (read !== length) throw new Error(`${this.path} ends before byte ${offset + length}`);
    return bytes;
  }

  /** Closes the file for writing and reading. @returns sha256 in hex */
  close(): string {
    this.#flush();
    closeSync(this.#file);
    return this.#hash.digest('hex');
  }

  #flush(): void {
    if (this.#filled > 0) this.#write(this.#chunk.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #write(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#file, bytes, done);
    this.#written += bytes.length;
  }
}
