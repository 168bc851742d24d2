import type { JobSpec } from '../../contract/spec.js';
import { describeMethod } from '../../method/methods.js';
import { leastAuxiliaryDepth } from '../../network/auxiliary.js';
import type { NetworkDescription } from '../../network/description.js';
import type { Problems } from './problems.js';

type AuxiliarySpec = JobSpec['method']['auxiliary'];

/** What the contract fills in: a job that names it as well says nothing that could contradict a width. */
const UNSAID_COST_SHARE = 0.1;

/** AuxNets there are, whose width one field decides, and whose depth reaches the inputs they make. */
export function checkAuxiliary(
  { type, auxiliary }: Pick<JobSpec['method'], 'type' | 'auxiliary'>,
  network: NetworkDescription,
  split: readonly number[],
  report: Problems,
): void {
  const missing = reasonForNone(type, split.length);
  if (missing !== null) {
    checkUnused(auxiliary, missing, report);
    return;
  }
  const { cost_share: share, width, depth } = auxiliary;
  if (share !== UNSAID_COST_SHARE && width !== null) {
    report('/method/auxiliary/cost_share', 'decides the width, which is given: leave one of the two out');
  }
  if (depth !== null) checkDepth(auxiliary, depth, network, split, report);
}

function reasonForNone(type: JobSpec['method']['type'], stages: number): string | null {
  if (stages === 1) return 'one stage has no AuxNet';
  return describeMethod({ type }).hasAuxiliaries ? null : `${type} has no AuxNets`;
}

function checkUnused(auxiliary: AuxiliarySpec, why: string, report: Problems): void {
  for (const field of ['learning_rate', 'width', 'depth'] as const) {
    if (auxiliary[field] === null) continue;
    report(`/method/auxiliary/${field}`, `${why}; use null, or a method that has them in two stages or more`);
  }
}

function checkDepth(
  { width, cost_share: share }: AuxiliarySpec,
  depth: number,
  network: NetworkDescription,
  split: readonly number[],
  report: Problems,
): void {
  const pointer = '/method/auxiliary/depth';
  // The later a stage, the smaller its inputs.
  const lastBoundary = network.blocks.length - split.at(-1)!;
  const least = leastAuxiliaryDepth(network, lastBoundary);
  if (depth < least) {
    report(
      pointer,
      `${depth} convolutions do not come down to the inputs of stage ${split.length - 1}: use ${least} or more`,
    );
  } else if (depth === 1 && (width !== null || share !== UNSAID_COST_SHARE)) {
    const field = width === null ? 'cost_share' : 'width';
    report(pointer, `a single convolution has no inner channels: use 2 or more, or leave ${field} out`);
  }
}
