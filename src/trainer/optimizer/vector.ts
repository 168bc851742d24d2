import { type ParameterSpec, sizeOf } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { free, type Tensor, upload } from '../runtime/index.js';
import type { NamedValues } from './parameter-values.js';

/** Named values as one vector on the device, [n], in the order of `parameters`. @throws Error where one is missing */
export function toVector(parameters: readonly ParameterSpec[], values: NamedValues): Tensor {
  const vector = new Float32Array(parameters.reduce((sum, parameter) => sum + sizeOf(parameter), 0));
  let offset = 0;
  for (const parameter of parameters) {
    vector.set(required(values, parameter.name), offset);
    offset += sizeOf(parameter);
  }
  return upload(vector, [vector.length]);
}

/** Inverse of `toVector`, from a vector that was read back. */
export function fromVector(parameters: readonly ParameterSpec[], vector: Float32Array): NamedValues {
  let offset = 0;
  return new Map(
    parameters.map((parameter) => {
      const start = offset;
      offset += sizeOf(parameter);
      return [parameter.name, vector.slice(start, offset)];
    }),
  );
}

/** Joins and frees gradients; the map is empty then. [n] @throws Error where a parameter has none */
export function packGradients(parameters: readonly ParameterSpec[], gradients: Map<string, Tensor>): Tensor {
  const packed = kernels.pack(parameters.map(({ name }) => required(gradients, name)));
  free(...gradients.values());
  gradients.clear();
  return packed;
}

/** The parts of a vector, each in its parameter's shape. */
export function unpackParameters(parameters: readonly ParameterSpec[], vector: Tensor): Map<string, Tensor> {
  const tensors = kernels.unpack(
    vector,
    parameters.map(({ shape }) => shape),
  );
  return new Map(parameters.map(({ name }, index) => [name, tensors[index]!]));
}

export function required<T>(values: ReadonlyMap<string, T>, name: string): T {
  const value = values.get(name);
  if (value === undefined) throw new Error(`nothing given for parameter ${name}`);
  return value;
}
