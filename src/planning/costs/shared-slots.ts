import { balancedBy } from './split.js';

/**
 * Number of neighboring stages that each slot trains where a pipeline has fewer slots than stages: the slot with most work has
 * as little as can be.
 * @param works of the stages, in any unit
 * @param slots at most as many as stages
 */
export function sharedSlots(works: readonly number[], slots: number): number[] {
  const none = works.map(() => 0);
  let total = 0;
  const upTo = [0, ...works.map((work) => (total += work))];
  return balancedBy({ upTo, starting: none, ending: none }, slots).at(-1) ?? [];
}
