import { factorSides } from '../../network/index.js';
import type { Tensor } from '../runtime/index.js';
import type { NamedTensors, TrainingContext } from './pass.js';

/** Estimates of the Kronecker factors of a kernel on one batch: of what it sees, and of the gradients of its outputs. */
export interface Factors {
  readonly left: Tensor;
  readonly right: Tensor;
}

const nameOf = (kernel: string, side: keyof Factors): string => `${kernel}/${side}`;

/** Leaves the factors of a kernel among the gradients, if the optimizer asks for them. */
export function addFactors(
  { gradients, wantsFactors }: TrainingContext,
  kernel: string,
  shape: readonly number[],
  estimate: { readonly [Side in keyof Factors]: () => Tensor },
): void {
  if (!wantsFactors?.(kernel) || factorSides({ shape }) === null) return;
  gradients.set(nameOf(kernel, 'left'), estimate.left());
  gradients.set(nameOf(kernel, 'right'), estimate.right());
}

/** Null where the pass left none. */
export function factorsAmong(gradients: NamedTensors, kernel: string): Factors | null {
  const left = gradients.get(nameOf(kernel, 'left'));
  const right = gradients.get(nameOf(kernel, 'right'));
  return left && right ? { left, right } : null;
}
