import { closeSync, copyFileSync, openSync, readSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { TrainerError } from '../errors.js';

/** Number of samples in a file, and of float32 values per sample. */
export interface RowsShape {
  readonly samples: number;
  readonly rowLength: number;
}

const PRESENT = 1;

/**
 * A file with a row of float32 values for every sample of a dataset. It starts with one byte per sample, which says
 * whether the sample has a row, padded to a multiple of four. The rows follow by sample index.
 */
export class SampleRows {
  readonly #file: number;
  readonly #present: Uint8Array;
  #closed = false;

  private constructor(
    path: string,
    flags: 'r' | 'r+',
    readonly shape: RowsShape,
  ) {
    this.#file = openSync(path, flags);
    this.#present = new Uint8Array(4 * Math.ceil(shape.samples / 4));
    if (readSync(this.#file, this.#present, 0, this.#present.length, 0) !== this.#present.length) {
      closeSync(this.#file);
      throw new TrainerError('blob_corrupt', 'a file of rows is cut short');
    }
  }

  /** Creates a file at `path` for writing: a copy of `source`, or without rows. */
  static create(path: string, shape: RowsShape, source: string | null): SampleRows {
    if (source !== null) copyFileSync(source, path);
    else writeFileSync(path, '');
    return SampleRows.resume(path, shape);
  }

  /** Goes on with the file at `path`; rows that it does not have are added as it is made longer. */
  static resume(path: string, shape: RowsShape): SampleRows {
    truncateSync(path, 4 * Math.ceil(shape.samples / 4) + 4 * shape.samples * shape.rowLength);
    return new SampleRows(path, 'r+', shape);
  }

  static open(path: string, shape: RowsShape): SampleRows {
    return new SampleRows(path, 'r', shape);
  }

  has(sample: number): boolean {
    return this.#present[sample] === PRESENT;
  }

  /** The rows of `samples`, one after another. Zeros for a sample without a row. */
  read(samples: Uint32Array): Float32Array {
    const { rowLength } = this.shape;
    const rows = new Float32Array(samples.length * rowLength);
    samples.forEach((sample, index) => {
      if (!this.has(sample)) return;
      const row = new Uint8Array(rows.buffer, 4 * index * rowLength, 4 * rowLength);
      if (readSync(this.#file, row, 0, row.length, this.#offset(sample)) !== row.length) {
        throw new TrainerError('blob_corrupt', `a file of rows ends before sample ${sample}`);
      }
    });
    return rows;
  }

  /** @param rows [samples.length x rowLength] */
  write(samples: Uint32Array, rows: Float32Array): void {
    const { rowLength } = this.shape;
    samples.forEach((sample, index) => {
      const row = rows.subarray(index * rowLength, (index + 1) * rowLength);
      writeSync(this.#file, row, 0, row.byteLength, this.#offset(sample));
      this.#present[sample] = PRESENT;
    });
  }

  /** Writes down which samples have rows: the file is then complete as it stands. */
  flush(): void {
    writeSync(this.#file, this.#present, 0, this.#present.length, 0);
  }

  /** Does nothing the second time. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#file);
  }

  #offset(sample: number): number {
    return this.#present.length + 4 * sample * this.shape.rowLength;
  }
}
