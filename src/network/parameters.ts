import { flatten, type Layer } from './layers.js';
import { operationOf, type ParameterSpec } from './operations/index.js';

export type { Initializer, ParameterSpec } from './operations/index.js';

/** Whether training changes the parameter. */
export function isTrainedParameter({ fixed }: ParameterSpec): boolean {
  return fixed === undefined;
}

export function trainedParameters(parameters: readonly ParameterSpec[]): ParameterSpec[] {
  return parameters.filter(isTrainedParameter);
}

/** The parameters of `layers`, in order of execution. */
export function parametersOf(layers: readonly Layer[]): ParameterSpec[] {
  return flatten(layers).flatMap((layer) => operationOf(layer).parameters(layer));
}
