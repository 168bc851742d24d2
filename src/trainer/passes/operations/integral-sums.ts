import { type IntegralLayer, SOLVERS, solverStep, type Term } from '../../../network/index.js';
import * as kernels from '../../kernels/index.js';
import { DType, free, scalar, type Tensor, upload } from '../../runtime/index.js';
import { type NamedTensors, parameter, type TrainingContext } from '../pass.js';

/**
 * The sums of the steps of an integral, forward and back. The length of the interval is in them as a factor: the parameter
 * `<layer>/time`, or 1.
 */
export class IntegralSums {
  readonly #time: Tensor | null;

  constructor(
    private readonly layer: IntegralLayer,
    weights: NamedTensors,
  ) {
    this.#time = layer.learnsTime ? parameter(weights, timeName(layer)) : null;
  }

  /** One step from `state`; the sums are new tensors. @param slope f at a state, by its index in the step */
  step(
    state: Tensor,
    slope: (at: Tensor, index: number) => Tensor,
    onSum: (terms: readonly Term<Tensor>[], before: number | null, sum: Tensor) => void,
  ): Tensor {
    return solverStep(SOLVERS[this.layer.solver], state, 1 / this.layer.steps, {
      slope,
      moved: (from, terms, before) => {
        const sum = this.plus(from, terms);
        onSum(terms, before, sum);
        return sum;
      },
    });
  }

  /** The state plus the terms, in order. */
  plus(state: Tensor, terms: readonly Term<Tensor>[]): Tensor {
    return terms.reduce((sum, { factor, slope }) => {
      const term = this.scaled(slope, factor);
      const next = kernels.add(sum, term);
      free(term);
      if (sum !== state) free(sum);
      return next;
    }, state);
  }

  /** Times the factor and the length of the interval. */
  scaled(tensor: Tensor, factor: number): Tensor {
    const constant = scalar(factor);
    const product = this.#time ? kernels.multiply(this.#time, constant) : constant;
    const result = times(tensor, product);
    free(constant, product);
    return result;
  }

  /** Adds the gradient of the length of the interval by a term of a sum. @param atSum cotangent of the sum */
  pullTime({ gradients }: TrainingContext, atSum: Tensor, { factor, slope }: Term<Tensor>): void {
    if (this.#time === null) return;
    const products = kernels.multiply(atSum, slope);
    const floats = products.dtype === DType.float32 ? products : kernels.cast(products, DType.float32);
    const sum = kernels.sumOfAll(floats);
    const weight = upload(Float32Array.of(factor), [1]);
    addTo(gradients, timeName(this.layer), kernels.multiply(weight, sum));
    free(products, floats, sum, weight);
  }
}

const timeName = ({ name }: IntegralLayer): string => `${name}/time`;

/** A product with a float32 number of one value, in the dtype of the tensor. */
export function times(tensor: Tensor, number: Tensor): Tensor {
  if (tensor.dtype === number.dtype) return kernels.multiply(tensor, number);
  const rounded = kernels.cast(number, tensor.dtype as DType);
  const product = kernels.multiply(tensor, rounded);
  free(rounded);
  return product;
}

/** Adds an owned tensor to what a map has under a name. */
export function addTo<K>(sums: Map<K, Tensor>, name: K, part: Tensor): void {
  const before = sums.get(name);
  if (!before) {
    sums.set(name, part);
    return;
  }
  sums.set(name, kernels.add(before, part));
  free(before, part);
}
