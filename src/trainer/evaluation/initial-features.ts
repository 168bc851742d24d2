import { type Layer, parametersOf } from '../../network/index.js';
import type { Batch, SplitReader } from '../data/index.js';
import { initialValues } from '../optimizer/index.js';
import { free, read } from '../runtime/index.js';
import { TrainedNetwork } from './trained-network.js';

/**
 * The features of the untrained network, which stored variables start from: a function of the seed and the batch, so
 * a stage and its neighbour compute the same. Its statistics are estimated when it is first asked.
 */
export class InitialFeatures {
  #network: TrainedNetwork | null = null;

  /** @param layers F_{k-1} o ... o F_0 */
  constructor(
    private readonly layers: readonly Layer[],
    private readonly train: SplitReader,
    private readonly seed: number,
  ) {}

  /** o_{k-1} of a batch, [B x n]. */
  of(batch: Pick<Batch, 'images'>): Float32Array {
    this.#network ??= TrainedNetwork.calibrate(
      this.layers,
      initialValues(parametersOf(this.layers), this.seed),
      this.train,
      this.seed,
    );
    const features = this.#network.infer(batch.images);
    const values = read(features);
    free(features);
    return values;
  }

  dispose(): void {
    this.#network?.dispose();
  }
}
