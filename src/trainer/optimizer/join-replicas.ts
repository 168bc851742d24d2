import type { ResolvedMethod } from '../../contract/spec.js';
import { outerOfReplicas } from '../../method/outer.js';
import { meanState } from './mean-state.js';
import { inMemory, type ReadableState } from './optimizer-state.js';
import { OUTER_SLOT, outerStep } from './outer-step.js';

/** The slot of the weights with which a round of replicas started. */
const START_SLOT = 'outer_start';

/**
 * The state of a replica after a round, as it is stored for the others: with what the step between rounds needs, if the method
 * takes one. The first of the replicas keeps it for all.
 * @param before gives the state before the round
 */
export async function replicaState(
  method: ResolvedMethod,
  replica: number,
  before: () => Promise<ReadableState>,
  after: ReadableState,
): Promise<ReadableState> {
  return replica === 0 && outerOfReplicas(method) ? withStart(await before(), after) : after;
}

function withStart(before: ReadableState, after: ReadableState): ReadableState {
  const slots = new Map([...after.slots, [START_SLOT, before.weights]]);
  const velocity = before.slots.get(OUTER_SLOT);
  if (velocity) slots.set(OUTER_SLOT, velocity);
  return { weights: after.weights, slots };
}

/**
 * The state with which replicas go on: their mean, or a step from their common start along the way to it.
 * @param states of `replicaState`, in the order of the replicas
 * @param method whose step between rounds they take; null: none
 */
export function joinReplicas(
  [first, ...others]: readonly ReadableState[],
  method: ResolvedMethod | null,
): ReadableState {
  if (first === undefined) throw new RangeError('the list of replicas is empty');
  const outer = method && outerOfReplicas(method);
  if (outer === null) return meanState([first, ...others]);
  const { [START_SLOT]: start, [OUTER_SLOT]: velocity, ...own } = Object.fromEntries(first.slots);
  if (!start) throw new Error('no replica has the weights that its round started with');
  const mean = meanState([{ weights: first.weights, slots: new Map(Object.entries(own)) }, ...others]);
  const common = { weights: start, slots: new Map(velocity ? [[OUTER_SLOT, velocity]] : []) };
  return outerStep(inMemory(common), inMemory(mean), outer);
}
