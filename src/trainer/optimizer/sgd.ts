import type { ParameterSpec } from '../../network/index.js';
import { sizeOf } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import type { NamedTensors } from '../network/index.js';
import { free, read, scalar, type Tensor, upload } from '../runtime/index.js';
import type { NamedValues } from './parameter-values.js';

export interface SgdSettings {
  readonly momentum: number;
  readonly weightDecay: number;
}

/** Values to resume from; both cover every parameter. */
export interface OptimizerState {
  readonly weights: NamedValues;
  readonly momentum: NamedValues;
}

/**
 * Stochastic gradient descent with momentum (Polyak 1964; form of Sutskever et al. 2013 as in PyTorch):
 *   v <- momentum v + g + weightDecay w,   w <- w - learningRate v.
 * All parameters lie in one vector, so a step costs six ops whatever their number; names, not positions, tie values
 * to parameters wherever they enter or leave.
 */
export class Sgd {
  readonly #parameters: readonly ParameterSpec[];
  readonly #momentumFactor: Tensor;
  readonly #decay: Tensor;
  #weights: Tensor;
  #velocity: Tensor;
  #views: Map<string, Tensor>;

  constructor(parameters: readonly ParameterSpec[], state: OptimizerState, settings: SgdSettings) {
    this.#parameters = parameters;
    this.#weights = toVector(parameters, state.weights);
    this.#velocity = toVector(parameters, state.momentum);
    this.#momentumFactor = scalar(settings.momentum);
    this.#decay = scalar(settings.weightDecay);
    this.#views = this.#unpack();
  }

  /** The weights as they are now; valid until the next step. */
  get weights(): NamedTensors {
    return this.#views;
  }

  /** One update. Takes over and frees `gradients`. @throws Error where a parameter has no gradient */
  step(gradients: Map<string, Tensor>, learningRate: number): void {
    const gradient = kernels.pack(this.#parameters.map(({ name }) => required(gradients, name)));
    free(...gradients.values());
    gradients.clear();
    this.#updateVelocity(gradient);
    free(gradient);
    const rate = scalar(learningRate);
    const change = kernels.multiply(this.#velocity, rate);
    const next = kernels.subtract(this.#weights, change);
    free(this.#weights, change, rate, ...this.#views.values());
    this.#weights = next;
    this.#views = this.#unpack();
  }

  state(): OptimizerState {
    return {
      weights: fromVector(this.#parameters, read(this.#weights)),
      momentum: fromVector(this.#parameters, read(this.#velocity)),
    };
  }

  dispose(): void {
    free(this.#weights, this.#velocity, this.#momentumFactor, this.#decay, ...this.#views.values());
  }

  #updateVelocity(gradient: Tensor): void {
    const decayed = kernels.multiply(this.#weights, this.#decay);
    const total = kernels.add(gradient, decayed);
    const kept = kernels.multiply(this.#velocity, this.#momentumFactor);
    const next = kernels.add(kept, total);
    free(decayed, total, kept, this.#velocity);
    this.#velocity = next;
  }

  #unpack(): Map<string, Tensor> {
    const shapes = this.#parameters.map(({ shape }) => shape);
    const tensors = kernels.unpack(this.#weights, shapes);
    return new Map(this.#parameters.map(({ name }, index) => [name, tensors[index]!]));
  }
}

function toVector(parameters: readonly ParameterSpec[], values: NamedValues): Tensor {
  const vector = new Float32Array(parameters.reduce((sum, parameter) => sum + sizeOf(parameter), 0));
  let offset = 0;
  for (const parameter of parameters) {
    vector.set(required(values, parameter.name), offset);
    offset += sizeOf(parameter);
  }
  return upload(vector, [vector.length]);
}

function fromVector(parameters: readonly ParameterSpec[], vector: Float32Array): NamedValues {
  let offset = 0;
  return new Map(
    parameters.map((parameter) => {
      const start = offset;
      offset += sizeOf(parameter);
      return [parameter.name, vector.slice(start, offset)];
    }),
  );
}

function required<T>(values: ReadonlyMap<string, T>, name: string): T {
  const value = values.get(name);
  if (value === undefined) throw new Error(`nothing given for parameter ${name}`);
  return value;
}
