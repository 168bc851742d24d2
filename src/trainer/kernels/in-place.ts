import { type Attribute, DType, execute, type Tensor, type Variable } from '../runtime/index.js';
import { FLOAT } from './elementwise.js';

/** Updates of variables in place, with one pass over memory each. Scalars are tensors without dimensions. */

/**
 * velocity <- momentum velocity + gradient, then weights <- weights - rate velocity, or for Nesterov
 * weights - (rate gradient + rate momentum velocity).
 */
export function applyMomentum(
  weights: Variable,
  velocity: Variable,
  gradient: Tensor,
  { rate, momentum, nesterov }: { rate: Tensor; momentum: Tensor; nesterov: boolean },
): void {
  const attributes: Attribute[] = [FLOAT, { name: 'use_nesterov', kind: 'bool', value: nesterov }];
  execute(
    'ResourceApplyMomentum',
    [weights.handle, velocity.handle, rate, gradient, momentum],
    attributes,
    0,
  );
}

/**
 * first <- beta1 first + (1 - beta1) g, second <- beta2 second + (1 - beta2) g^2, then weights <- weights - rate
 * first / (sqrt(second) + epsilon). Adam's corrections for the first steps are included in rate and epsilon.
 */
export function applyAdam(
  weights: Variable,
  first: Variable,
  second: Variable,
  gradient: Tensor,
  scalars: { rate: Tensor; beta1: Tensor; beta2: Tensor; epsilon: Tensor; zero: Tensor },
): void {
  const { rate, beta1, beta2, epsilon, zero } = scalars;
  // The kernel would correct by powers of the betas in float32, which loses five digits of 1 - beta2. Zero turns
  // the correction off.
  const inputs = [weights.handle, first.handle, second.handle, zero, zero, rate, beta1, beta2, epsilon];
  execute('ResourceApplyAdam', [...inputs, gradient], [FLOAT], 0);
}

/** weights <- weights - change */
export function subtractFrom(weights: Variable, change: Tensor): void {
  execute(
    'AssignSubVariableOp',
    [weights.handle, change],
    [{ name: 'dtype', kind: 'type', value: DType.float32 }],
    0,
  );
}

/** variable <- values */
export function assign(variable: Variable, values: Tensor): void {
  execute(
    'AssignVariableOp',
    [variable.handle, values],
    [{ name: 'dtype', kind: 'type', value: DType.float32 }],
    0,
  );
}
