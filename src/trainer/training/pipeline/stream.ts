import * as kernels from '../../kernels/index.js';
import type { Tensor } from '../../runtime/index.js';

/** One way of a link between neighboring stages: a tensor for each batch, in the order of the batches. */
export interface Stream {
  /** The tensor stays the sender's, who may free it afterwards. */
  send(tensor: Tensor): void | Promise<void>;
  /** The next tensor, which the reader owns. */
  receive(): Tensor | Promise<Tensor>;
}

/** The link between stages k and k+1. */
export interface Link {
  /** o_k of each batch, downstream. */
  readonly features: Stream;
  /** d loss / d o_k of each batch, upstream. */
  readonly gradients: Stream;
}

/** A stream within a process. */
export class TensorQueue implements Stream {
  readonly #tensors: Tensor[] = [];

  /** Keeps the values under a handle of its own. */
  send(tensor: Tensor): void {
    this.#tensors.push(kernels.reshape(tensor, tensor.shape));
  }

  /** Sends a tensor that becomes the queue's. */
  adopt(tensor: Tensor): void {
    this.#tensors.push(tensor);
  }

  receive(): Tensor {
    const tensor = this.#tensors.shift();
    if (!tensor) throw new Error('a stage read a batch that its neighbor has not sent');
    return tensor;
  }

  /** Tensors that are sent and not read. */
  get waiting(): readonly Tensor[] {
    return this.#tensors;
  }
}
