import type { BlobUri } from '../../contract/trainer-protocol.js';
import { countValues, inMemory, type OptimizerState, type ReadableState } from '../optimizer/index.js';
import { areMany } from '../runtime/index.js';

/**
 * The state that the last task of this trainer stored, for the next task. Most tasks start with it, and need not
 * read, check and decode it. The bits are the same. All other readers use the blob, and so does this trainer after
 * an interruption.
 */
export class CarriedState {
  #carried: { readonly uri: BlobUri; readonly state: OptimizerState } | null = null;

  /** Keeps a copy, of a large state none: it would be in memory beside the device's. */
  keep(uri: BlobUri, state: ReadableState): void {
    this.#carried = areMany(countValues(state)) ? null : { uri, state: inMemory(state) };
  }

  /**
   * Returns the state once, because TensorFlow may train in these arrays. If another uri is requested, the state is
   * dropped.
   */
  take(uri: BlobUri): OptimizerState | null {
    const carried = this.#carried;
    this.#carried = null;
    return carried?.uri === uri ? carried.state : null;
  }
}
