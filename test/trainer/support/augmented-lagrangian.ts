import { describeStages } from '../../../src/network/index.js';
import { SOFTPLUS } from './reference-pass.js';
import { LABELS, randomFeatures, smallNetwork } from './small-network.js';
import { length, plus, StageChain, squaredNorms } from './stage-chain.js';

/** The limit of float64: a change of N_k |G_k| / beta by this share is the rounding of G_k. */
const CONVERGED = 1e-13;
const MAX_ITERATIONS = 500;

/**
 * Minimises the augmented Lagrangian  CE + sum_k <kappa_k, r_k> + (beta/2) |r_k|^2 / N_k  over the stage inputs, and
 * returns r_k = lambda_k - o_{k-1} (index 0 stands for nothing). In r the penalty is diagonal, so a minimum is a fixed point of
 *   r_k <- -(N_k / beta) (G_k(r) + kappa_k),   G_k = d CE / d r_k,
 * a contraction where beta exceeds the curvature N_k d^2 CE / d r_k^2. The callers check the result by the stages'
 * own local losses, which know nothing of r.
 * @throws Error where it does not converge
 */
export function minimiseViolations(
  chain: StageChain,
  norms: readonly number[],
  beta: number,
  multipliers: readonly Float64Array[] = [],
): Float64Array[] {
  let violations: Float64Array[] = [];
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const { inputGradients } = chain.backPropagation(chain.forward(violations));
    const next = inputGradients.map((g, k) => g.map((value, i) => violationAt(value, k, i)));
    const changes = next.slice(1).map((r, index) => {
      const [k, before] = [index + 1, violations[index + 1]];
      const change = before ? plus(r, before, -1) : r;
      return (length(change) * beta) / (norms[k]! * length(inputGradients[k]!));
    });
    violations = next;
    if (Math.max(...changes) < CONVERGED) return violations;
  }
  throw new Error(`lambda is not minimised after ${MAX_ITERATIONS} iterations at beta ${beta}`);

  function violationAt(gradient: number, k: number, index: number): number {
    return (-norms[k]! / beta) * (gradient + (multipliers[k]?.[index] ?? 0));
  }
}

/**
 * Residual networks of two and three stages with softplus for ReLU: the statements about minima need a second
 * derivative, which ReLU lacks where an activation changes sign; nothing else of the method depends on the choice.
 *
 * `source` measures beta as the source does, on |r|^2; `ours` on |r|^2 / |o|^2, as the trainer does, which is the
 * source's beta times |o|^2: the same decades begin that much higher.
 */
export const SMOOTH_CHAINS = [
  [1, 2],
  [1, 1, 1],
].flatMap((split) => {
  const { network, values } = smallNetwork('resnet');
  const stages = describeStages(network, split, 0.1);
  const chain = new StageChain(stages, values, randomFeatures(8), LABELS, SOFTPLUS);
  const serial = chain.forward();
  const ours = squaredNorms(serial);
  return [
    { units: 'source', name: `K=${split.length}`, chain, serial, norms: ours.map(() => 1), smallestBeta: 10 },
    { units: 'ours', name: `K=${split.length}, relative`, chain, serial, norms: ours, smallestBeta: 1e4 },
  ] as const;
});
