import { JOB_DEFAULTS } from '../../../contract/generated/defaults.js';
import type { JobSpec } from '../../../contract/spec.js';
import { describeMethod } from '../../../method/methods.js';
import { minAuxiliaryDepth } from '../../../network/auxiliary.js';
import type { NetworkDescription } from '../../../network/description.js';
import type { Problems } from '../problems.js';
import type { MethodFacts } from './facts.js';

type AuxiliarySpec = JobSpec['method']['auxiliary'];

/** A job that sends exactly this value counts as having sent none, so it does not conflict with `width`. */
const DEFAULT_COST_SHARE = JOB_DEFAULTS.method.auxiliary.cost_share;

/** Refuses AuxNet settings of a method without AuxNets, two settings of one width, and depths that do not fit. */
export function resolveAuxiliary(
  { type, auxiliary }: Pick<JobSpec['method'], 'type' | 'auxiliary'>,
  { network, split }: Pick<MethodFacts, 'network' | 'split'>,
  report: Problems,
): AuxiliarySpec {
  const missing = reasonForNone(type, split.length);
  if (missing !== null) {
    checkUnused(auxiliary, missing, report);
    return auxiliary;
  }
  const { cost_share: share, width, depth } = auxiliary;
  if (share !== DEFAULT_COST_SHARE && width !== null) {
    report(
      '/method/auxiliary/cost_share',
      'conflicts with `width`: both decide the width, so leave one of them out',
    );
  }
  if (depth !== null) checkDepth(auxiliary, depth, network, split, report);
  return auxiliary;
}

function reasonForNone(type: JobSpec['method']['type'], stages: number): string | null {
  if (stages === 1) return 'one stage has no AuxNet';
  return describeMethod({ type }).hasAuxiliaries ? null : `${type} has no AuxNets`;
}

function checkUnused(auxiliary: AuxiliarySpec, why: string, report: Problems): void {
  const other = 'or a method with AuxNets and at least two stages';
  for (const field of ['learning_rate', 'width', 'depth'] as const) {
    if (auxiliary[field] !== null) report(`/method/auxiliary/${field}`, `${why}; use null, ${other}`);
  }
  if (auxiliary.cost_share !== DEFAULT_COST_SHARE)
    report('/method/auxiliary/cost_share', `${why}; use ${DEFAULT_COST_SHARE}, ${other}`);
}

function checkDepth(
  { width, cost_share: share }: AuxiliarySpec,
  depth: number,
  network: NetworkDescription,
  split: readonly number[],
  report: Problems,
): void {
  const pointer = '/method/auxiliary/depth';
  // Later stages have smaller inputs.
  const lastBoundary = network.blocks.length - split.at(-1)!;
  const min = minAuxiliaryDepth(network, lastBoundary);
  if (depth < min) {
    report(
      pointer,
      `${depth} convolutions do not come down to the inputs of stage ${split.length - 1}: use ${min} or more`,
    );
  } else if (depth === 1 && (width !== null || share !== DEFAULT_COST_SHARE)) {
    const field = width === null ? 'cost_share' : 'width';
    report(pointer, `a single convolution has no inner channels; use at least 2, or leave ${field} out`);
  }
}
