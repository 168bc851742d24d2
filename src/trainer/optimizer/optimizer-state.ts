import { type ParameterSpec, sizeOf, trainedParameters } from '../../network/index.js';
import { initialValues, type NamedValues } from './parameter-values.js';
import { memoriesOf, type UpdateRule } from './update-rule.js';

/** The slot of how many updates each parameter has had, beside the memories of the rule. */
export const STEPS_SLOT = 'steps';

/** Values to resume from; weights cover every parameter, slots every memory of the rule. */
export interface OptimizerState {
  readonly weights: NamedValues;
  readonly slots: ReadonlyMap<string, NamedValues>;
}

/** The state before the first step: a pure function of the seed and the names of the parameters. */
export function startingState(
  parameters: readonly ParameterSpec[],
  seed: number,
  rule: UpdateRule,
): OptimizerState {
  return { weights: initialValues(parameters, seed), slots: startingSlots(parameters, rule) };
}

/** The state with empty memories for parameters that have none: those of blocks that begin to train. */
export function withMemories(
  { weights, slots }: OptimizerState,
  parameters: readonly ParameterSpec[],
  rule: UpdateRule,
): OptimizerState {
  const empty = startingSlots(parameters, rule);
  const known = [...slots].map(
    ([slot, named]) => [slot, new Map([...(empty.get(slot) ?? []), ...named])] as const,
  );
  return { weights, slots: new Map([...empty, ...known]) };
}

/** Slots of an optimizer that has seen nothing. */
export function startingSlots(
  parameters: readonly ParameterSpec[],
  rule: UpdateRule,
): ReadonlyMap<string, NamedValues> {
  const slots = new Map<string, Map<string, Float32Array>>();
  for (const memory of memoriesOf(parameters, rule)) {
    const named = slots.get(memory.slot) ?? new Map();
    slots.set(memory.slot, named.set(memory.name, new Float32Array(sizeOf(memory))));
  }
  const counted = trainedParameters(parameters);
  // Without a parameter there is no slot at all: in a merged state this one would come before the memories.
  if (!rule.countsSteps || counted.length === 0) return slots;
  return slots.set(STEPS_SLOT, new Map(counted.map(({ name }) => [name, new Float32Array(1)])));
}
