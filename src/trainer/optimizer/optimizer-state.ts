import { type ParameterSpec, sizeOf, trainedParameters } from '../../network/index.js';
import { readableInitialValues } from './parameter-values.js';
import { memoriesOf, type UpdateRule } from './update-rule.js';
import { type ReadableValues, readNamed, type Values } from './values.js';

/** The slot of how many updates each parameter has had, beside the memories of the rule. */
export const STEPS_SLOT = 'steps';

/** A state whose arrays are given as `T`. Weights cover every parameter, slots every memory of the rule. */
export interface StateOf<T> {
  readonly weights: ReadonlyMap<string, T>;
  readonly slots: ReadonlyMap<string, ReadonlyMap<string, T>>;
}

/** A state whose arrays are all in memory. */
export type OptimizerState = StateOf<Float32Array>;

/** A state whose arrays may be elsewhere, so that memory need not hold all of them at a time. */
export type ReadableState = StateOf<Values>;

/** Number of all values. */
export function countValues({ weights, slots }: ReadableState): number {
  const arrays = [weights, ...slots.values()].flatMap((named) => [...named.values()]);
  return arrays.reduce((sum, { length }) => sum + length, 0);
}

/** The state with all its arrays in memory. */
export function inMemory({ weights, slots }: ReadableState): OptimizerState {
  return {
    weights: readNamed(weights),
    slots: new Map([...slots].map(([slot, named]) => [slot, readNamed(named)])),
  };
}

/** The state before the first step: a pure function of the seed and the names of the parameters. */
export function startingState(
  parameters: readonly ParameterSpec[],
  seed: number,
  rule: UpdateRule,
): OptimizerState {
  return inMemory({
    weights: readableInitialValues(parameters, seed),
    slots: startingSlots(parameters, rule),
  });
}

/** The state with empty memories for parameters that have none: those of blocks that begin to train. */
export function withMemories(
  { weights, slots }: ReadableState,
  parameters: readonly ParameterSpec[],
  rule: UpdateRule,
): ReadableState {
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
): ReadableState['slots'] {
  const slots = new Map<string, Map<string, Values>>();
  for (const memory of memoriesOf(parameters, rule)) {
    const named = slots.get(memory.slot) ?? new Map();
    slots.set(memory.slot, named.set(memory.name, zeros(sizeOf(memory))));
  }
  const counted = trainedParameters(parameters);
  // Without a parameter there is no slot at all: in a merged state this one would come before the memories.
  if (!rule.countsSteps || counted.length === 0) return slots;
  return slots.set(STEPS_SLOT, new Map(counted.map(({ name }) => [name, zeros(1)])));
}

const zeros = (length: number): ReadableValues => ({
  length,
  read: (into) => into?.fill(0) ?? new Float32Array(length),
});
