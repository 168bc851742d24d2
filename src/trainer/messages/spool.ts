import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, writeSync, writevSync } from 'node:fs';
import type { BlobUri, TaskOutput } from '../../contract/trainer-protocol.js';
import { countSteps, type StepRange } from '../../method/index.js';
import { openArrived } from '../../storage/arrived-file.js';
import type { ArrivingFile, SpoolDraft } from '../../storage/blob-store.js';
import { BlobCorruptError } from '../../storage/errors.js';
import { free, freeMessage, type Tensor } from '../runtime/index.js';
import type { CorrectionCodec, Precision } from './codec.js';
import { CODECS } from './codecs/index.js';
import { type CorrectionFilter, FILTERS, type Filter } from './filter.js';

/**
 * Header of a spool file: one record per step, in order, all of the same size. Where a step passes its batch in n parts,
 * the numbers are those of the passes, n to a step.
 */
export interface SpoolHeader {
  readonly precision: Precision;
  readonly filter: Filter;
  /** Shape of one step's gradient, [B,h,w,c]. */
  readonly shape: readonly number[];
  readonly steps: Pick<StepRange, 'start' | 'end'>;
  /** Number from one step of a replica to its next one. Absent: the file has every number. */
  readonly stride?: number;
  /** Numbers of a step, which are consecutive. Absent: 1. */
  readonly passes?: number;
}

/** Number of records of a file. */
function recordsIn({
  steps,
  stride = 1,
  passes = 1,
}: Omit<SpoolHeader, 'shape' | 'filter' | 'precision'>): number {
  return passes * countSteps({ ...steps, stride });
}

/** Place of the record of a number in the file, from 0; null where the file has none of it. */
function placeOf(
  { steps: { start, end }, stride = 1, passes = 1 }: SpoolHeader,
  number: number,
): number | null {
  const [step, pass] = [Math.floor((number - start) / stride), (number - start) % stride];
  return number >= start && number < end && pass < passes ? step * passes + pass : null;
}

const LENGTH_BYTES = 4;
/** Far more than a header has: a damaged length must not allocate gigabytes. */
const MAX_HEADER_BYTES = 1 << 16;
/**
 * Bytes of the sha256 of a record, stored after it. The file as a whole has no checksum, because it is read at
 * random offsets.
 */
const CHECK_BYTES = 8;
/** The start of a record that TensorFlow copies (`upload`). Memory of JavaScript starts at a multiple of 16 bytes. */
const COPIED = 4;

/**
 * Writes the corrections of one round: length, JSON header, then one record of the codec per step. All parts have
 * checks.
 */
export class SpoolWriter {
  readonly #file: number;
  #written: number;
  #closed = false;

  /** @param written number of steps in the draft from an earlier attempt */
  constructor(
    readonly draft: SpoolDraft,
    readonly header: SpoolHeader,
    written = 0,
  ) {
    this.#written = written;
    this.#file = openSync(draft.path, written > 0 ? 'a' : 'w');
    if (written > 0) return;
    try {
      writeSync(this.#file, headerBytes(header));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  write(gradient: Tensor): void {
    const { precision, filter } = this.header;
    const reduced = FILTERS[filter].reduce(gradient);
    this.#append(CODECS[precision].encode(reduced));
    if (reduced !== gradient) free(reduced);
    this.#written++;
    this.draft.appended();
    // Here nothing refers to the record any more.
    freeMessage(CODECS[precision].recordBytes(reduced.shape));
  }

  #append(record: readonly Uint8Array[]): void {
    writevSync(this.#file, [...record, checkOf(...record)]);
  }

  /** Stores the steps written so far under a separate name, for an attempt that resumes here. */
  keep(): Promise<TaskOutput> {
    return this.draft.keep();
  }

  /** The draft makes the file survive a power failure. */
  async commit(): Promise<TaskOutput> {
    const records = recordsIn(this.header);
    if (this.#written !== records) throw new Error(`the spool has ${this.#written} of ${records} steps`);
    this.close();
    return await this.draft.commit();
  }

  /** Also after a commit that failed. After one that succeeded it finds nothing to delete. */
  async discard(): Promise<void> {
    this.close();
    await this.draft.discard();
  }

  /** Closes the file; does nothing the second time. */
  close(): void {
    if (!this.#closed) closeSync(this.#file);
    this.#closed = true;
  }
}

/** Reads the corrections of a round at any step. @throws BlobCorruptError if the file ends early or was changed */
export class SpoolReader {
  readonly #file: ArrivingFile;
  readonly #codec: CorrectionCodec;
  readonly #filter: CorrectionFilter;
  readonly #start: number;
  /** Shape of a gradient as stored in the file. */
  readonly #storedShape: readonly number[];
  /** Memory of a record with its check, which the next one replaces. */
  #record: Buffer | null = null;
  readonly header: SpoolHeader;

  /** @param file the path of a complete file, or one that may still be on its way. The reader closes it */
  constructor(
    file: string | ArrivingFile,
    readonly uri: BlobUri,
  ) {
    this.#file = typeof file === 'string' ? openArrived(file) : file;
    try {
      const length = this.#read(Buffer.alloc(LENGTH_BYTES), 0).readUInt32LE();
      if (length > MAX_HEADER_BYTES) throw new BlobCorruptError(uri);
      const json = this.#readChecked(Buffer.alloc(length + CHECK_BYTES), LENGTH_BYTES);
      this.header = JSON.parse(json.toString()) as SpoolHeader;
      this.#start = LENGTH_BYTES + length + CHECK_BYTES;
    } catch (error) {
      this.#file.close();
      throw error;
    }
    this.#codec = CODECS[this.header.precision];
    this.#filter = FILTERS[this.header.filter];
    this.#storedShape = this.#filter.reducedShape(this.header.shape);
  }

  /** The gradient of optimizer step `step`, [B,h,w,c]. The caller must free it. */
  read(step: number): Tensor {
    const { shape } = this.header;
    const place = placeOf(this.header, step);
    if (place === null) throw new RangeError(`step ${step} is not in this spool file`);
    const bytes = this.#codec.recordBytes(this.#storedShape);
    this.#record ??= Buffer.from(new ArrayBuffer(COPIED + bytes + CHECK_BYTES), COPIED);
    const record = this.#readChecked(this.#record, this.#start + place * (bytes + CHECK_BYTES));
    const reduced = this.#codec.decode(record, this.#storedShape);
    const gradient = this.#filter.spread(reduced, shape);
    if (reduced !== gradient) free(reduced);
    return gradient;
  }

  close(): void {
    this.#file.close();
  }

  /** Fills the buffer from there. */
  #read(buffer: Buffer, position: number): Buffer {
    const { length } = buffer;
    this.#file.waitFor(position + length);
    if (readSync(this.#file.descriptor, buffer, 0, length, position) !== length)
      throw new BlobCorruptError(this.uri);
    return buffer;
  }

  /** The bytes before the check. */
  #readChecked(buffer: Buffer, position: number): Buffer {
    const both = this.#read(buffer, position);
    const content = both.subarray(0, -CHECK_BYTES);
    if (!checkOf(content).equals(both.subarray(-CHECK_BYTES))) throw new BlobCorruptError(this.uri);
    return content;
  }
}

function headerBytes(header: SpoolHeader): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, checkOf(json)]);
}

function checkOf(...pieces: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest().subarray(0, CHECK_BYTES);
}
