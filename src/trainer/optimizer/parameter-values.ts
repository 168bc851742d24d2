import { type ParameterSpec, sizeOf } from '../../network/index.js';
import { normal, randomStream } from '../random.js';

/** Parameters or optimizer state by name, as plain numbers in the order of the parameter. */
export type NamedValues = ReadonlyMap<string, Float32Array>;

/** Initial values: a pure function of seed and name, so they do not depend on the split into stages. */
export function initialValues(parameters: readonly ParameterSpec[], seed: number): NamedValues {
  return new Map(parameters.map((parameter) => [parameter.name, initialValue(parameter, seed)]));
}

function initialValue(parameter: ParameterSpec, seed: number): Float32Array {
  const values = new Float32Array(sizeOf(parameter));
  const { initializer } = parameter;
  if (initializer.kind === 'constant') return values.fill(initializer.value);
  const random = randomStream(seed, 'init', parameter.name);
  return values.map(() => normal(random) * initializer.standardDeviation);
}
