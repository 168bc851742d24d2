import type { JobSpec } from '../../../contract/spec.js';
import { defaultReplicas } from '../../../method/methods.js';
import type { Problems } from '../problems.js';
import type { MethodFacts } from './facts.js';

const DEFAULT_SHARE = 0.2;

/** @returns the share of all steps in which the joined network trains end to end, 0 to 1 */
export function resolveEndToEndShare(
  { end_to_end_share: share }: JobSpec['method'],
  { stages }: Pick<MethodFacts, 'stages'>,
): number {
  return share ?? (stages > 1 ? DEFAULT_SHARE : 0);
}

/** @returns devices that share the end-to-end phase; a phase without a step has nothing to share */
export function resolveReplicas(
  { type, end_to_end_replicas: replicas }: JobSpec['method'],
  { stages }: Pick<MethodFacts, 'stages'>,
  endToEndSteps: number,
  report: Problems,
): number {
  if (replicas !== null && replicas !== 1 && endToEndSteps === 0) {
    report(
      '/method/end_to_end_replicas',
      'requires an end-to-end phase; use 1 or null, or a greater end_to_end_share',
    );
  }
  return replicas ?? (endToEndSteps > 0 ? defaultReplicas({ type, stages }) : 1);
}
