import { type ParameterSpec, sizeOf } from '../../network/index.js';
import { normal, randomStream } from '../random.js';
import { type NamedValues, readNamed, type Values } from './values.js';

/** Initial values: a pure function of seed and name, so they do not depend on the split into stages. */
export function initialValues(parameters: readonly ParameterSpec[], seed: number): NamedValues {
  return readNamed(readableInitialValues(parameters, seed));
}

/** The same, each made when it is read. */
export function readableInitialValues(
  parameters: readonly ParameterSpec[],
  seed: number,
): ReadonlyMap<string, Values> {
  return new Map(
    parameters.map((parameter) => [
      parameter.name,
      { length: sizeOf(parameter), read: (into?: Float32Array) => initialValue(parameter, seed, into) },
    ]),
  );
}

function initialValue(
  parameter: ParameterSpec,
  seed: number,
  values: Float32Array = new Float32Array(sizeOf(parameter)),
): Float32Array {
  const { initializer } = parameter;
  if (initializer.kind === 'constant') return values.fill(initializer.value);
  const random = randomStream(seed, 'init', parameter.name);
  for (let index = 0; index < values.length; index++)
    values[index] = normal(random) * initializer.standardDeviation;
  return values;
}
