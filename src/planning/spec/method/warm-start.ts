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
  if (stages === 1) report(pointer, 'one stage always trains end to end; use 0, or at least two stages');
  else if (storesVariables({ type, stages })) {
    report(pointer, 'stored variables start from the untrained network; use 0');
  } else if (parallelSteps < 1) {
    report(
      pointer,
      'leaves no steps for the layer-parallel phase; use a smaller value, or a smaller end_to_end_share',
    );
  }
  return epochs;
}
