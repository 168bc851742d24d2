import type { JobSpec } from '../../../contract/spec.js';
import { canShareStages, hasSharedStages, stageReplicasOf } from '../../../method/methods.js';
import { methodsWith } from '../../../method/rules.js';
import type { Problems } from '../problems.js';
import type { MethodFacts } from './facts.js';

/** @returns devices that share the steps of each stage in the layer-parallel phase */
export function resolveStageReplicas(
  { type, replicas }: JobSpec['method'],
  { stages }: Pick<MethodFacts, 'stages'>,
  roundSteps: number,
  report: Problems,
): number {
  const pointer = '/method/replicas';
  if (replicas > 1 && !canShareStages({ type, stages })) {
    const having = methodsWith(hasSharedStages).join(', ');
    report(
      pointer,
      `is only valid for method.type ${having} with at least two stages; use 1, or end_to_end_replicas for the joined network`,
    );
  } else if (replicas > roundSteps) {
    report(
      pointer,
      `is more than the ${roundSteps} steps of a round; use at most ${roundSteps}, or longer rounds`,
    );
  }
  return stageReplicasOf({ replicas });
}
