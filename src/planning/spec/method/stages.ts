import type { JobSpec } from '../../../contract/spec.js';
import { describeMethod } from '../../../method/methods.js';
import type { Problems } from '../problems.js';

const DEFAULT_STAGES = 2;

/**
 * @param blocks residual blocks of the network
 * @param frozen how many of them are frozen, which only the first stage can have, beside one that is trained
 * @returns the number of stages; null where it cannot be had
 */
export function resolveStages(
  { type, stages: asked }: JobSpec['method'],
  blocks: number,
  frozen: number,
  report: Problems,
): number | null {
  const { isSerial } = describeMethod({ type });
  const max = Math.max(1, blocks - frozen);
  const stages = asked ?? (isSerial ? 1 : Math.min(DEFAULT_STAGES, frozen > 0 ? max : DEFAULT_STAGES));
  if (isSerial && stages !== 1) {
    report('/method/stages', `${type} trains a single stage; use 1, or a layer-parallel method.type`);
    return null;
  }
  if (stages <= max) return stages;
  if (frozen > 0) {
    report(
      '/method/stages',
      `the network has ${blocks - frozen} residual blocks that are trained; use at most ${max} stages, or fewer freeze.blocks`,
    );
    return null;
  }
  report(
    '/method/stages',
    `the network has ${blocks} residual blocks; use at most ${blocks} stages, or a greater model.depth`,
  );
  return null;
}
