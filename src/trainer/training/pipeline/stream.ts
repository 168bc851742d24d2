import * as kernels from '../../kernels/index.js';
import type { Tensor } from '../../runtime/index.js';

/** Takes the tensors of a stage, one for each batch, in the order of the batches. */
export interface Sink {
  /** The tensor stays the sender's, who may free it afterwards. */
  send(tensor: Tensor): void | Promise<void>;
}

/** Gives the tensors of a neighbor, in the order of the batches. */
export interface Source {
  /** The next tensor, which the reader owns. */
  receive(): Tensor | Promise<Tensor>;
}

/** The link to the stage before: o_{k-1} of each batch comes, d loss / d o_{k-1} goes. */
export interface UpstreamLink {
  readonly features: Source;
  readonly gradients: Sink;
}

/** The link to the stage after: o_k goes, d loss / d o_k comes. */
export interface DownstreamLink {
  readonly features: Sink;
  readonly gradients: Source;
}

/** The values of a tensor as a neighbor reads them, as a tensor of their own. */
export type Rounding = (tensor: Tensor) => Tensor;

/** The same values under another handle. */
export const unrounded: Rounding = (tensor) => kernels.reshape(tensor, tensor.shape);

/** Both ends of a stream within a process. */
export class TensorQueue implements Sink, Source {
  readonly #tensors: Tensor[] = [];

  constructor(private readonly rounding: Rounding) {}

  send(tensor: Tensor): void {
    this.#tensors.push(this.rounding(tensor));
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
