import type { PassMemory } from '../../method/index.js';
import type { Layer } from '../../network/index.js';
import type { LocalObjective } from '../objective/local-objective.js';
import type { Optimizer } from '../optimizer/index.js';
import { type Precision, trainPass } from '../passes/index.js';
import { free, type Tensor } from '../runtime/index.js';
import { inParts, type PassResult } from './accumulate.js';
import type { Trained } from './loop.js';
import { measureLoss, type StepAt, type StepReport, updateWeights } from './report.js';

/** A stage, or the whole network as the only one. */
export interface TrainedPart {
  /** Its number in metrics and errors; null for the whole network. */
  readonly stage: number | null;
  readonly layers: readonly Layer[];
  /** A_k, which makes the input from the images; null where the images, or features received or stored, are the input. */
  readonly auxiliary: readonly Layer[] | null;
}

export interface PartStepOptions {
  readonly part: TrainedPart;
  /** The run's: dropout masks follow from it and the step. */
  readonly seed: number;
  /** Precision of the passes of this part. Absent: float32. */
  readonly precision?: Precision;
  /** Policy for the features of the passes. Absent: they are kept as they are. */
  readonly memory?: PassMemory;
  /** Equal parts of a batch that each have a pass of their own. Absent: 1. */
  readonly parts?: number;
  /** o_{k-1} of each pass where the upstream stage sends it; the step frees it. */
  readonly inputAt?: ((pass: number) => Tensor) | null;
  readonly objective: LocalObjective;
  readonly optimizer: Optimizer;
  /** Receives g_k of each pass, the message upstream; the tensor stays the step's. */
  readonly onInputGradient: ((gradient: Tensor) => void) | null;
  /** Receives o_k of each pass, the message downstream; the tensor stays the step's. */
  readonly onStageOutput?: ((output: Tensor) => void) | null;
}

/**
 * Trains one stage (docs/method.md, "What we compute"). For each batch x:
 *   1  lambda_k = A_k(x)                       (lambda_0 = x; o_{k-1} itself where it is sent)
 *   2  o_k = F_k(lambda_k)                     (sent downstream by methods with local heads)
 *   3  local loss: cross-entropy, of a local head or the network's, or the coupling with the downstream stage
 *   4  g_k = d loss / d lambda_k, and the gradient of theta_k
 *   5  g_k goes upstream, and trains A_k end to end
 *   6  update theta_k and omega_k, by the mean of the gradients where x comes in parts
 */
export function partStep(options: PartStepOptions): Trained {
  return { update: (at) => update(options, at) };
}

function update(options: PartStepOptions, at: StepAt): StepReport[] {
  const { part, optimizer, parts = 1 } = options;
  const { gradients, measured } = inParts(at, parts, (passAt) => onePass(options, passAt));
  return updateWeights(at, part.stage, optimizer, gradients, measured);
}

/** Steps 1 to 5. */
function onePass(options: PartStepOptions, at: StepAt): PassResult {
  const { part, optimizer, inputAt, onStageOutput } = options;
  const { batch, step, stopwatch: watch } = at;
  const context = {
    weights: optimizer.weights,
    gradients: new Map<string, Tensor>(),
    draw: { seed: options.seed, step },
    precision: options.precision,
    memory: options.memory,
    wantsFactors: optimizer.wantsFactors,
  };
  const { auxiliary } = part;
  const lambda =
    auxiliary && watch.time('auxiliary_forward', () => trainPass(auxiliary, batch.images, context, false));
  const received = inputAt ? watch.time('spool', () => inputAt(step)) : null;
  const stageInput = lambda?.output ?? received ?? batch.features ?? batch.images;
  const forward = watch.time('forward', () => trainPass(part.layers, stageInput, context, lambda !== null));
  if (onStageOutput) watch.time('spool', () => onStageOutput(forward.output));
  const local = options.objective(forward.output, at, context);
  const measured = measureLoss(at, local);
  const inputGradient = watch.time('backward', () => forward.pullback(local.cotangent));
  free(local.cotangent, ...(received ? [received] : []));
  if (lambda && inputGradient) {
    watch.time('spool', () => options.onInputGradient?.(inputGradient));
    watch.time('auxiliary_backward', () => lambda.pullback(inputGradient));
  }
  if (inputGradient) free(inputGradient);
  return { gradients: context.gradients, measured };
}
