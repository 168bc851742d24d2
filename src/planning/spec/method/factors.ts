import { describeMethod } from '../../../method/methods.js';
import { hasFields } from '../../../network/resnet.js';
import { keepsFactors } from '../optimizer.js';
import type { Problems } from '../problems.js';
import type { MethodSpec } from './facts.js';

/**
 * Refuses Kronecker factors where gradients are made of messages, since they would be those of the last exchange alone, and
 * where a batch uses a kernel several times.
 */
export function checkFactors({ method: { type }, model, optimizer }: MethodSpec, report: Problems): void {
  if (!keepsFactors(optimizer)) return;
  if (hasFields(model.family)) {
    report(
      '/optimizer/type',
      `${optimizer.type} needs kernels that a batch uses once, and the steps of ${model.family} share them; use another one, or another model.family`,
    );
  }
  if (describeMethod({ type }).exchangesWithinBatch !== true) return;
  report(
    '/optimizer/type',
    `${optimizer.type} needs the gradient of one loss of each stage, and ${type} makes it of several exchanges; use another one`,
  );
}
