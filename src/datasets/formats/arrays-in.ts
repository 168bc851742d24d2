import { closeSync, openSync, readSync } from 'node:fs';
import { ImportError } from '../problems.js';
import type { StagedFile } from './staging.js';

/** The numbers of one array in a staged file, read on demand. */
export class StagedArray {
  readonly #file: number;

  /**
   * @param start bytes before the first number
   * @throws ImportError array_invalid if the file has too few bytes for its shape
   */
  constructor(
    readonly source: StagedFile,
    readonly shape: readonly number[],
    private readonly start: number,
    private readonly itemBytes = 1,
  ) {
    const items = shape.reduce((product, side) => product * side, 1);
    const held = source.sizeBytes - start;
    if (!Number.isSafeInteger(items) || items * itemBytes !== held) {
      const message = `its header declares ${shape.join('x')}, but ${held} bytes follow`;
      throw new ImportError('array_invalid', message, source.name);
    }
    this.#file = openSync(source.path, 'r');
  }

  get count(): number {
    return this.shape[0] ?? 0;
  }

  /** Row `index` of the first axis. */
  row(index: number): Buffer {
    const bytes = this.shape.slice(1).reduce((product, side) => product * side, this.itemBytes);
    const row = Buffer.allocUnsafe(bytes);
    const read = readSync(this.#file, row, 0, bytes, this.start + index * bytes);
    if (read !== bytes) throw new ImportError('array_invalid', 'the array is cut short', this.source.name);
    return row;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** @param bytes of a header at the start of the file; fewer are returned for a shorter file */
export function readStart({ path }: StagedFile, bytes: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const start = Buffer.alloc(bytes);
    return start.subarray(0, readSync(file, start, 0, bytes, 0));
  } finally {
    closeSync(file);
  }
}
