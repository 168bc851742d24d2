import type { JobSpec } from '../../../contract/spec.js';
import { defaultReplicas, isPipelined } from '../../../method/methods.js';
import { optimizerMemory } from '../optimizer.js';
import type { Problems } from '../problems.js';
import type { MethodFacts, MethodSpec } from './facts.js';

const DEFAULT_SHARE = 0.2;

/** @returns the share of all steps in which the joined network trains end to end, 0 to 1 */
export function resolveEndToEndShare(
  { type, end_to_end_share: share }: JobSpec['method'],
  { stages }: Pick<MethodFacts, 'stages'>,
): number {
  return share ?? (stages > 1 && !isPipelined({ type, stages }) ? DEFAULT_SHARE : 0);
}

/** Times that the optimizer's mean gradient must be able to renew itself within a replica's steps. */
const MIN_MEMORIES = 5;

/**
 * Replicas that a phase of `steps` bears: floor(steps (1 - momentum) / 5). A replica makes a share of the steps, and
 * its optimizer's mean gradient renews itself in about 1 / (1 - momentum) of them. Our derivation, docs/method.md, "The
 * end-to-end phase on K devices".
 */
export function maxReplicas(steps: number, momentum: number): number {
  // Rounded, since 50 (1 - 0.9) is a hair below 5.
  return Math.max(1, Math.floor(Number(((steps * (1 - momentum)) / MIN_MEMORIES).toFixed(9))));
}

/** @returns devices that share the end-to-end phase; a number that the job names is taken as it is */
export function resolveReplicas(
  { method: { type, end_to_end_replicas: replicas }, optimizer }: Pick<MethodSpec, 'method' | 'optimizer'>,
  { stages }: Pick<MethodFacts, 'stages'>,
  endToEndSteps: number,
  report: Problems,
): number {
  const max = maxReplicas(endToEndSteps, optimizerMemory(optimizer));
  if (replicas !== null && replicas !== 1 && endToEndSteps === 0) {
    report(
      '/method/end_to_end_replicas',
      'requires an end-to-end phase; use 1 or null, or a greater end_to_end_share',
    );
  }
  return replicas ?? (endToEndSteps > 0 ? Math.min(max, defaultReplicas({ type, stages })) : 1);
}
