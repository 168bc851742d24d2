import type { JobSpec } from '../../../contract/spec.js';
import { storesVariables } from '../../../method/methods.js';
import type { Problems } from '../problems.js';
import type { MethodFacts } from './facts.js';

/** @param parallelSteps steps that the warm start and the end-to-end phase leave to the layer-parallel phase */
export function resolveWarmStart(
  { type, warm_start_epochs: epochs }: JobSpec['method'],
  { stages }: Pick<MethodFacts, 'stages'>,
  parallelSteps: number,
  report: Problems,
): number {
  const pointer = '/method/warm_start_epochs';
  if (epochs === 0) return epochs;
  if (stages === 1) report(pointer, 'one stage trains end to end anyway; use 0, or two stages or more');
  else if (storesVariables({ type, stages })) {
    report(pointer, 'stored variables start from the untrained network; use 0');
  } else if (parallelSteps < 1) {
    report(pointer, 'leaves no step to the layer-parallel phase; use less, or a smaller end_to_end_share');
  }
  return epochs;
}
