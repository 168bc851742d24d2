import type { ResolvedMethod } from '../../contract/spec.js';
import { type OuterSettings, outerOf } from '../../method/outer.js';
import { inMemory, type OptimizerState, type ReadableState } from './optimizer-state.js';
import type { NamedValues } from './values.js';

/** The slot of the momentum between rounds, beside the memories of the rule. */
export const OUTER_SLOT = 'outer';

/**
 * The state with which the next round of a pipeline begins: after the step between rounds, if the method takes one.
 * @param before gives the state before the round
 */
export async function afterRound(
  method: ResolvedMethod,
  before: () => Promise<ReadableState>,
  after: ReadableState,
): Promise<ReadableState> {
  const outer = outerOf(method);
  return outer === null ? after : outerStep(inMemory(await before()), inMemory(after), outer);
}

/**
 * A Nesterov step along the way of a round (DiLoCo: Douillard et al., arXiv:2311.08105, algorithm 1), in float64, rounded once
 * per value:
 *   d = before - after,   u <- momentum u + d,   w = before - rate (d + momentum u)
 * The optimizer's own memory goes on from the end of the round.
 */
export function outerStep(
  before: OptimizerState,
  after: OptimizerState,
  { rate, momentum }: OuterSettings,
): OptimizerState {
  const weights = new Map<string, Float32Array>();
  const velocities = new Map<string, Float32Array>();
  const earlier: NamedValues | undefined = before.slots.get(OUTER_SLOT);
  for (const [name, end] of after.weights) {
    const start = before.weights.get(name);
    if (!start) throw new Error(`the state before the round has no ${name}`);
    const last = earlier?.get(name);
    const velocity = end.map((value, at) => momentum * (last?.[at] ?? 0) + start[at]! - value);
    velocities.set(name, velocity);
    weights.set(
      name,
      end.map((value, at) => start[at]! - rate * (start[at]! - value + momentum * velocity[at]!)),
    );
  }
  return { weights, slots: new Map([...after.slots, [OUTER_SLOT, velocities]]) };
}
