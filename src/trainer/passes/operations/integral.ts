import { evaluationOf, type IntegralLayer, SOLVERS, type Term } from '../../../network/index.js';
import * as kernels from '../../kernels/index.js';
import { arena, free, type Tensor } from '../../runtime/index.js';
import type { TrainingContext } from '../pass.js';
import { solvedPass } from './integral-solved.js';
import { addTo, IntegralSums } from './integral-sums.js';
import type { InferenceRun, InnerPass, LayerPass, PassOperation, TrainingRun } from './operation.js';

/**
 * dx/dt = f(x) by the steps of a solver. The gradient is that of these steps, exactly: the discrete adjoint (Zhang and Zhao,
 * PNODE, arXiv:2206.01298). The state at the start of each step is kept, and the evaluations of the last one; the adjoint
 * makes those of each other step again, with the same bits. Implicit solvers: integral-solved.ts.
 */
export const integral: PassOperation<IntegralLayer> = {
  train: (layer, input, run) => {
    const sums = new IntegralSums(layer, run.context.weights);
    const pass = SOLVERS[layer.solver].isImplicit ? solvedPass : computedPass;
    return pass(layer, input, run, sums);
  },
  infer,
  readsOutput: () => false,
  float32: false,
};

function computedPass(layer: IntegralLayer, input: Tensor, run: TrainingRun, sums: IntegralSums): LayerPass {
  const states = [input];
  for (let step = 0; step < layer.steps - 1; step++)
    states.push(arena(() => trainedStep(layer, states[step]!, run, sums).output));
  let last: InnerPass | null = trainedStep(layer, states.at(-1)!, run, sums);
  const { output } = last;
  return {
    output,
    pullback: (cotangent, kept) => {
      let current = cotangent;
      for (const [step, own] of [...states.entries()].toReversed()) {
        const state = step === 0 ? kept.input : own;
        const pass: InnerPass = last ?? trainedStep(layer, state, run, sums);
        const next = pass.pullback(current, state)!;
        // The output of the last step is the layer's.
        if (pass !== last) free(pass.output);
        last = null;
        if (current !== cotangent) free(current);
        if (step > 0) free(own);
        current = next;
      }
      return current;
    },
  };
}

/** A slope k = f(z) of a step. */
interface Slope {
  readonly state: Tensor;
  readonly pass: InnerPass;
  readonly gradients: Map<string, Tensor>;
}

/** A sum of the state and slopes, which reverse mode walks back. `before` is the slope that was made of it; null: the output. */
interface Sum {
  readonly terms: readonly Term<Tensor>[];
  readonly before: number | null;
}

function trainedStep(
  layer: IntegralLayer,
  input: Tensor,
  { context, path }: TrainingRun,
  integralSums: IntegralSums,
): InnerPass {
  const slopes: Slope[] = [];
  const sums: Sum[] = [];
  const output = integralSums.step(
    input,
    (state) => {
      // Gradients of each use of the weights by themselves: they are added up on the way back.
      const gradients = new Map<string, Tensor>();
      const pass = path(layer.field, state, { ...context, gradients, wantsFactors: undefined });
      slopes.push({ state, pass, gradients });
      return pass.output;
    },
    (terms, before) => sums.push({ terms, before }),
  );
  // Only the gradient of the time reads them: a field ends with a batch norm without a ReLU.
  if (!layer.learnsTime) free(...slopes.map(({ pass }) => pass.output));
  return {
    output,
    pullback: (cotangent, from) => pullStep({ input, from, slopes, sums }, cotangent, context, integralSums),
  };
}

interface Step {
  readonly input: Tensor;
  /** The same as it was kept. */
  readonly from: Tensor;
  readonly slopes: readonly Slope[];
  readonly sums: readonly Sum[];
}

/** Reverse mode through the sums and slopes of a step, the last first. */
function pullStep(
  { input, from, slopes, sums }: Step,
  cotangent: Tensor,
  context: TrainingContext,
  integralSums: IntegralSums,
): Tensor {
  const ofSlopes = new Map<number, Tensor>();
  const indexOf = new Map(slopes.map(({ pass }, index) => [pass.output, index]));
  const pullSum = ({ terms }: Sum, atSum: Tensor) => {
    for (const term of terms) {
      integralSums.pullTime(context, atSum, term);
      addTo(ofSlopes, indexOf.get(term.slope)!, integralSums.scaled(atSum, term.factor));
    }
  };
  let atInput = cotangent;
  const addToInput = (part: Tensor) => {
    const sum = kernels.add(atInput, part);
    if (atInput !== cotangent) free(atInput);
    free(part);
    atInput = sum;
  };
  pullSum(sums.at(-1)!, cotangent);
  slopes.forEach((_, place) => {
    const index = slopes.length - 1 - place;
    const { state, pass, gradients } = slopes[index]!;
    const atSlope = ofSlopes.get(index)!;
    const atState = pass.pullback(atSlope, state === input ? from : state)!;
    free(atSlope);
    const sum = sums.find(({ before }) => before === index);
    if (sum) pullSum(sum, atState);
    if (state !== input) free(state);
    addToInput(atState);
    for (const [name, gradient] of gradients) addTo(context.gradients, name, gradient);
  });
  return atInput;
}

function infer(layer: IntegralLayer, input: Tensor, { weights, path }: InferenceRun): Tensor {
  const sums = new IntegralSums(layer, weights);
  let state = input;
  for (let step = 0; step < layer.steps; step++) {
    const made: Tensor[] = [];
    const next = sums.step(
      state,
      (at, index) => {
        const slope = path(evaluationOf(layer, step, index), at);
        made.push(slope);
        return slope;
      },
      (_, before, sum) => {
        if (before !== null) made.push(sum);
      },
    );
    free(...made);
    if (state !== input) free(state);
    state = next;
  }
  return state;
}
