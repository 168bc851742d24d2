import { flatten, type Layer } from './layers.js';
import { operationOf, type ParameterSpec } from './operations/index.js';

export type { Initializer, ParameterSpec } from './operations/index.js';

/** The parameters of `layers`, in order of execution. */
export function parametersOf(layers: readonly Layer[]): ParameterSpec[] {
  return flatten(layers).flatMap((layer) => operationOf(layer).parameters(layer));
}
