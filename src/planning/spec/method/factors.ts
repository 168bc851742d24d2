import { describeMethod } from '../../../method/methods.js';
import { keepsFactors } from '../optimizer.js';
import type { Problems } from '../problems.js';
import type { MethodSpec } from './facts.js';

/** Refuses Kronecker factors where gradients are made of messages: they would be those of the last exchange alone. */
export function checkFactors({ method: { type }, optimizer }: MethodSpec, report: Problems): void {
  if (!keepsFactors(optimizer) || describeMethod({ type }).exchangesWithinBatch !== true) return;
  report(
    '/optimizer/type',
    `${optimizer.type} needs the gradient of one loss of each stage, and ${type} makes it of several exchanges; use another one`,
  );
}
