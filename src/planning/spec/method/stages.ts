import type { JobSpec } from '../../../contract/spec.js';
import { describeMethod } from '../../../method/methods.js';
import type { Problems } from '../problems.js';

const DEFAULT_STAGES = 2;

/** @param blocks residual blocks of the network @returns the number of stages; null where it cannot be had */
export function resolveStages(
  { type, stages: asked }: JobSpec['method'],
  blocks: number,
  report: Problems,
): number | null {
  const { isSerial } = describeMethod({ type });
  const stages = asked ?? (isSerial ? 1 : DEFAULT_STAGES);
  if (isSerial && stages !== 1) {
    report('/method/stages', `${type} trains a single stage; use 1, or a layer-parallel method.type`);
    return null;
  }
  if (stages <= blocks) return stages;
  report(
    '/method/stages',
    `the network has ${blocks} residual blocks; use at most ${blocks} stages, or a greater model.depth`,
  );
  return null;
}
