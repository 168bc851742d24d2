import { GRADIENTS, type IntegralLayer } from '../../../network/index.js';
import * as kernels from '../../kernels/index.js';
import { arena, free, scalar, type Tensor } from '../../runtime/index.js';
import { addTo, type IntegralSums, times } from './integral-sums.js';
import type { LayerPass, TrainingRun } from './operation.js';

/**
 * An integral by an implicit solver: a step moves x by h k, where k = f(z) and z = x + h/2 k. Only z is kept of each step. By
 * the implicit function theorem, v = (1 - h/2 J^T)^-1 h c is the cotangent of k, with c that of the output and J that of f at z;
 * the inverse is a sum of powers (`GRADIENTS`), each made by another pass through f.
 */
export function solvedPass(
  layer: IntegralLayer,
  input: Tensor,
  { context, path }: TrainingRun,
  sums: IntegralSums,
): LayerPass {
  const solutions: Tensor[] = [];
  let state = input;
  for (let step = 0; step < layer.steps; step++) {
    const made = arena(() => solved(layer, state, { context, path }, sums));
    solutions.push(made.solution);
    if (state !== input) free(state);
    state = made.next;
  }
  const output = state;
  return {
    output,
    pullback: (cotangent) => {
      let current = cotangent;
      for (const solution of solutions.toReversed()) {
        const next = pullSolved(layer, solution, current, { context, path }, sums);
        if (current !== cotangent) free(current);
        free(solution);
        current = next;
      }
      return current;
    },
  };
}

type Run = Pick<TrainingRun, 'context' | 'path'>;

/** The state of the last evaluation, and the state after the step. */
function solved(
  layer: IntegralLayer,
  state: Tensor,
  { context, path }: Run,
  sums: IntegralSums,
): { readonly solution: Tensor; readonly next: Tensor } {
  let solution = state;
  let slope: Tensor | null = null;
  const next = sums.step(
    state,
    (at) => {
      const made = arena(() => path(layer.field, at, { ...context, gradients: new Map() }).output);
      // A slope is made from the one before alone.
      if (slope) free(slope);
      slope = made;
      return made;
    },
    (_, before, sum) => {
      if (before === null) return;
      if (solution !== state) free(solution);
      solution = sum;
    },
  );
  return { solution, next };
}

function pullSolved(
  layer: IntegralLayer,
  solution: Tensor,
  cotangent: Tensor,
  { context, path }: Run,
  sums: IntegralSums,
): Tensor {
  const length = 1 / layer.steps;
  const gradients = new Map<string, Tensor>();
  const found = arena(() => {
    const atSlope = seriesOf(layer, solution, sums.scaled(cotangent, length), { context, path }, sums);
    const own = new Map<string, Tensor>();
    const pass = path(layer.field, solution, { ...context, gradients: own, wantsFactors: undefined });
    // Its pullback frees the slope, which the gradient of the time reads after it.
    const one = scalar(1);
    const slope = times(pass.output, one);
    const atSolution = pass.pullback(atSlope, solution)!;
    sums.pullTime({ ...context, gradients }, cotangent, { factor: length, slope });
    sums.pullTime({ ...context, gradients }, atSolution, { factor: length / 2, slope });
    return { atInput: kernels.add(cotangent, atSolution), own, times: gradients };
  });
  for (const [name, gradient] of [...found.own, ...found.times]) addTo(context.gradients, name, gradient);
  return found.atInput;
}

/** damping times the sum of the first powers of damping h/2 J^T + 1 - damping, applied to `start`. */
function seriesOf(
  layer: IntegralLayer,
  solution: Tensor,
  start: Tensor,
  { context, path }: Run,
  sums: IntegralSums,
): Tensor {
  const { terms, damping } = GRADIENTS[layer.gradient];
  const damped = times(start, scalar(damping));
  let current = damped;
  for (let term = 1; term < terms; term++) {
    const power = current;
    current = arena(() => {
      const pass = path(layer.field, solution, { ...context, gradients: new Map(), wantsFactors: undefined });
      const pulled = sums.scaled(pass.pullback(power, solution)!, damping / (2 * layer.steps));
      const sum = kernels.add(damped, pulled);
      return damping === 1 ? sum : kernels.add(sum, times(power, scalar(1 - damping)));
    });
    if (power !== damped) free(power);
  }
  return current;
}
