/** Inputs of the update of the stored variables of a stage for one batch. Arrays are [B x n], row after row. */
export interface VariableBatch {
  readonly lambda: Float32Array;
  /** kappa_k; null without multipliers. */
  readonly multiplier: Float32Array | null;
  /** g_k = d local loss / d lambda_k. */
  readonly gradient: Float32Array;
  /** o_{k-1} of the round before. */
  readonly features: Float32Array;
  /** Marks samples that have features. The others use only g_k. */
  readonly hasFeatures: readonly boolean[];
}

export interface VariableUpdate {
  readonly lambda: Float32Array;
  readonly multiplier: Float32Array | null;
}

/**
 * One step on the stored variables of a batch, with N = |lambda|^2 over the batch (docs/method.md, "Stored variables"):
 *   lambda <- lambda - eta (N g + beta (lambda - o) + N kappa)
 *   kappa  <- kappa + beta (lambda - o) / N        with the new lambda
 * In float64, rounded once at the end. Pure.
 */
export function updateVariables(
  { lambda, multiplier, gradient, features, hasFeatures }: VariableBatch,
  eta: number,
  beta: number,
): VariableUpdate {
  const norm = lambda.reduce((sum, value) => sum + value * value, 0);
  const rowLength = lambda.length / hasFeatures.length;
  const next = new Float32Array(lambda.length);
  const nextMultiplier = multiplier?.slice() ?? null;
  for (let index = 0; index < lambda.length; index++) {
    const bound = hasFeatures[Math.floor(index / rowLength)]!;
    const [value, kappa, feature] = [lambda[index]!, multiplier?.[index] ?? 0, features[index]!];
    const residual = bound ? value - feature : 0;
    const moved = value - eta * (norm * (gradient[index]! + kappa) + beta * residual);
    next[index] = moved;
    if (nextMultiplier && bound && norm > 0)
      nextMultiplier[index] = kappa + (beta * (moved - feature)) / norm;
  }
  return { lambda: next, multiplier: nextMultiplier };
}
