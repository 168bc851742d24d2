import type { ResolvedOptimizer } from '../contract/spec.js';
import { describeMethod } from './methods.js';
import type { MethodType } from './rules.js';

/** Images of a part that a batch norm needs. */
export const MIN_PART = 2;

/** Equal parts of a batch that a step passes one after the other, adding their gradients up. 1: the batch is not cut. */
export function accumulatedParts({
  gradient_accumulation_steps: parts,
}: Pick<ResolvedOptimizer, 'gradient_accumulation_steps'>): number {
  // Jobs of earlier versions have no such field.
  return parts ?? 1;
}

/** Why the steps of a method cannot take a batch in parts; null where they can. */
export function accumulationObstacle(type: MethodType): string | null {
  const { isPipelined, exchangesWithinBatch, storesVariables } = describeMethod({ type });
  if (isPipelined) return 'its stages keep several whole batches under way';
  if (exchangesWithinBatch) return 'its stages exchange messages about the whole batch within a step';
  return storesVariables ? 'its steps move the stored variables of the whole batch' : null;
}
