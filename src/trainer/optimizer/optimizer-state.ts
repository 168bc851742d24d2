import { type ParameterSpec, sizeOf } from '../../network/index.js';
import { initialValues, type NamedValues } from './parameter-values.js';
import type { UpdateRule, VectorSlot } from './update-rule.js';

/** What an optimiser keeps of each parameter beside its value: a number per element, or how many updates it had. */
export type Slot = VectorSlot | 'steps';

export const SLOTS: readonly Slot[] = ['momentum', 'first_moment', 'second_moment', 'steps'];

/** Values to resume from; weights and every slot of the rule cover every parameter. */
export interface OptimizerState {
  readonly weights: NamedValues;
  readonly slots: ReadonlyMap<Slot, NamedValues>;
}

/** The state before the first step: a pure function of the seed and the parameters' names. */
export function startingState(
  parameters: readonly ParameterSpec[],
  seed: number,
  rule: UpdateRule,
): OptimizerState {
  return { weights: initialValues(parameters, seed), slots: startingSlots(parameters, rule) };
}

/** Slots of an optimiser that has seen nothing. */
export function startingSlots(
  parameters: readonly ParameterSpec[],
  rule: UpdateRule,
): ReadonlyMap<Slot, NamedValues> {
  const zeros = (sizeFor: (parameter: ParameterSpec) => number): NamedValues =>
    new Map(parameters.map((parameter) => [parameter.name, new Float32Array(sizeFor(parameter))]));
  const vectors = rule.slots.map((slot): [Slot, NamedValues] => [slot, zeros(sizeOf)]);
  return new Map(rule.countsSteps ? [...vectors, ['steps', zeros(() => 1)]] : vectors);
}
