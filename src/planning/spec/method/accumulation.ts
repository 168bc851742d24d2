import { accumulatedParts, accumulationObstacle, MIN_PART } from '../../../method/accumulation.js';
import type { Problems } from '../problems.js';
import type { MethodSpec } from './facts.js';

const POINTER = '/optimizer/gradient_accumulation_steps';

/** Refuses parts into which a batch cannot be cut, and methods whose steps need the whole batch. */
export function checkAccumulation(
  { method: { type }, optimizer, batch_size: batch }: MethodSpec,
  report: Problems,
): void {
  const parts = accumulatedParts(optimizer);
  if (parts === 1) return;
  const obstacle = accumulationObstacle(type);
  if (obstacle !== null) {
    report(POINTER, `must be 1 with ${type}: ${obstacle}; lower batch_size to save memory`);
  } else if (batch % parts !== 0 || batch < MIN_PART * parts) {
    report(POINTER, `must divide batch_size ${batch} into equal parts of at least ${MIN_PART} images`);
  }
}
