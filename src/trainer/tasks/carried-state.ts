import type { BlobUri } from '../../contract/trainer-protocol.js';
import type { OptimizerState } from '../optimizer/index.js';

/**
 * The state that this trainer's last task stored, for the next one that begins with it: most do, and need not read back, check
 * and decode what is still there. The bits are the same; the blob remains what everybody else reads, and this trainer too
 * after whatever interrupts it.
 */
export class CarriedState {
  #carried: { readonly uri: BlobUri; readonly state: OptimizerState } | null = null;

  keep(uri: BlobUri, state: OptimizerState): void {
    this.#carried = { uri, state };
  }

  /** Once, as TensorFlow may train in the very arrays; and in vain where another is asked for, which drops this one. */
  take(uri: BlobUri): OptimizerState | null {
    const carried = this.#carried;
    this.#carried = null;
    return carried?.uri === uri ? carried.state : null;
  }
}
