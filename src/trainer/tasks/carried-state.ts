import type { BlobUri } from '../../contract/trainer-protocol.js';
import type { OptimizerState } from '../optimizer/index.js';

/**
 * The state that the last task of this trainer stored, for the next task. Most tasks start with it, and need not
 * read, check and decode it. The bits are the same. All other readers use the blob, and so does this trainer after
 * an interruption.
 */
export class CarriedState {
  #carried: { readonly uri: BlobUri; readonly state: OptimizerState } | null = null;

  keep(uri: BlobUri, state: OptimizerState): void {
    this.#carried = { uri, state };
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
