import type { Shape } from '../../network/index.js';
import { type Tensor, upload } from '../runtime/index.js';
import type { SampleRows } from './sample-rows.js';

/** The current variables of a batch. Arrays are [B x n]. */
export interface StoredBatch {
  readonly lambda: Float32Array;
  readonly multiplier: Float32Array | null;
}

/** Number of stored values per sample at a boundary: lambda, and kappa with multipliers. */
export function rowLengthOf({ height, width, channels }: Shape, hasMultipliers: boolean): number {
  return height * width * channels * (hasMultipliers ? 2 : 1);
}

/**
 * Reads and writes lambda_k, and kappa_k if it is stored, of a batch. A sample without a row starts from `initial`.
 */
export class StoredVariables {
  readonly #length: number;
  /** Values per row: lambda, then kappa. */
  readonly #rowLength: number;

  constructor(
    private readonly rows: SampleRows | null,
    readonly input: Shape,
    private readonly hasMultipliers: boolean,
  ) {
    this.#length = input.height * input.width * input.channels;
    this.#rowLength = rowLengthOf(input, hasMultipliers);
  }

  /** Whether every sample has a row, so that none starts from `initial`. */
  knows(samples: Uint32Array): boolean {
    return samples.every((sample) => this.rows?.has(sample) ?? false);
  }

  /** @param initial the features of the untrained network, [B x n]; called only if a sample has no row */
  read(samples: Uint32Array, initial: () => Float32Array): StoredBatch {
    const { rows } = this;
    const known = Array.from(samples, (sample) => rows?.has(sample) ?? false);
    const stored = rows?.read(samples) ?? null;
    const start = known.every(Boolean) ? null : initial();
    const part = (offset: number, index: number) => {
      const from = index * this.#rowLength + offset;
      return stored!.subarray(from, from + this.#length);
    };
    const lambda = new Float32Array(samples.length * this.#length);
    const multiplier = this.hasMultipliers ? new Float32Array(lambda.length) : null;
    known.forEach((isKnown, index) => {
      const at = index * this.#length;
      lambda.set(isKnown ? part(0, index) : start!.subarray(at, at + this.#length), at);
      if (isKnown) multiplier?.set(part(this.#length, index), at);
    });
    return { lambda, multiplier };
  }

  write(samples: Uint32Array, { lambda, multiplier }: StoredBatch): void {
    if (!this.rows) throw new Error('these variables have no file to write to');
    const rows = multiplier ? new Float32Array(2 * lambda.length) : lambda;
    for (let at = 0; multiplier && at < lambda.length; at += this.#length) {
      rows.set(lambda.subarray(at, at + this.#length), 2 * at);
      rows.set(multiplier.subarray(at, at + this.#length), 2 * at + this.#length);
    }
    this.rows.write(samples, rows);
  }

  toTensor(values: Float32Array): Tensor {
    const { height, width, channels } = this.input;
    return upload(values, [values.length / this.#length, height, width, channels]);
  }
}
