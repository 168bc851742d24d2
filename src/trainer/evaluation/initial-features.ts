import { type Layer, parametersOf } from '../../network/index.js';
import type { Batch, SplitReader } from '../data/index.js';
import { initialValues } from '../optimizer/index.js';
import { free, read } from '../runtime/index.js';
import { TrainedNetwork } from './trained-network.js';

/**
 * Features of the untrained network, from which stored variables start. They are a function of the seed and the
 * batch, so a stage and its neighbor compute the same values.
 */
export class InitialFeatures {
  #network: TrainedNetwork | null = null;

  /** @param layers F_{k-1} o ... o F_0 */
  constructor(
    private readonly layers: readonly Layer[],
    private readonly train: SplitReader,
    private readonly seed: number,
  ) {}

  /** Estimates the batch-norm statistics that `of` needs, once. */
  async prepare(): Promise<void> {
    const start = initialValues(parametersOf(this.layers), this.seed);
    this.#network ??= await TrainedNetwork.calibrate(this.layers, start, this.train, this.seed);
  }

  /** o_{k-1} of a batch, [B x n]. */
  of(batch: Pick<Batch, 'images'>): Float32Array {
    if (!this.#network) throw new Error('initial features were read before they were prepared');
    const features = this.#network.infer(batch.images);
    const values = read(features);
    free(features);
    return values;
  }

  dispose(): void {
    this.#network?.dispose();
  }
}
