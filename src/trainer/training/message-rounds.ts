import type { PassMemory } from '../../method/index.js';
import type { StageDescription } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { coupledLoss } from '../objective/coupling-objective.js';
import { coupling } from '../objective/index.js';
import { classificationObjective, type LocalLoss, type LossStep } from '../objective/local-objective.js';
import { type Draw, type NamedTensors, type Pass, type Precision, trainPass } from '../passes/index.js';
import { free, type Tensor } from '../runtime/index.js';

export interface MessageRoundOptions {
  readonly stages: readonly StageDescription[];
  /** Weights of all stages and AuxNets. */
  readonly weights: NamedTensors;
  /** n: number of message rounds before the weights change. 2K-1 is exact back-propagation. */
  readonly messageRounds: number;
  readonly beta: number;
  readonly labelSmoothing: number;
  readonly draw: Draw;
  /** Precision of the passes. Absent: float32. */
  readonly precision?: Precision;
  /** Policy for the features of the passes. Absent: they are kept as they are. */
  readonly memory?: PassMemory;
}

export interface MessageRoundGradients {
  /** Gradients of all stages and AuxNets. The caller must free them. */
  readonly gradients: Map<string, Tensor>;
  /**
   * Local loss of each stage in the last round. The caller must dispose of them; their cotangents are freed
   * already.
   */
  readonly losses: readonly LocalLoss[];
}

/** The messages between the stages between two rounds. Index k belongs to stage k. */
interface Messages {
  /** lambda_k [B,h,w,c]; the images for stage 0. */
  readonly inputs: readonly Tensor[];
  /** g_k [B,h,w,c]; null before the first round, and for stage 0. */
  readonly inputGradients: readonly (Tensor | null)[];
}

interface Exchange {
  readonly messages: Messages;
  readonly gradients: Map<string, Tensor>;
  readonly losses: readonly LocalLoss[];
}

/**
 * A sequence from the penalty method to back-propagation (docs/method.md, "Rounds of messages"). lambda_k = A_k(x) and
 * no g at first; in each of n rounds every stage computes from what the others sent in the round before
 *   o_k = F_k(lambda_k),  cotangent of o_k: g_{k+1} + beta (o_k - lambda_{k+1}) / |o_k|^2,  g_k by its pullback,
 * and sends o_k down as the next lambda_{k+1} and g_k up. The last round's gradients are the result; A_k learns to
 * reproduce the last lambda_k (arXiv:2112.05387: AuxNets reproduce the corrected variables).
 */
export function exchangeMessages(options: MessageRoundOptions, at: LossStep): MessageRoundGradients {
  const { stages, weights, messageRounds, draw, precision, memory } = options;
  const { images } = at.batch;
  const own = new Map<string, Tensor>();
  const generated = at.stopwatch.time('auxiliary_forward', () =>
    stages.map(
      ({ auxiliary }) =>
        auxiliary &&
        trainPass(auxiliary, images, { weights, gradients: own, draw, precision, memory }, false),
    ),
  );
  let messages: Messages = {
    inputs: generated.map((pass) => (pass ? shared(pass.output) : images)),
    inputGradients: stages.map(() => null),
  };
  for (let round = 1; ; round++) {
    const made = exchange(options, at, messages);
    freeMessages(messages);
    messages = made.messages;
    if (round === messageRounds) {
      at.stopwatch.time('auxiliary_backward', () => reproduce(generated, messages.inputs, options.beta));
      freeMessages(messages);
      return { gradients: new Map([...own, ...made.gradients]), losses: made.losses };
    }
    free(...made.gradients.values());
    for (const loss of made.losses) loss.dispose();
  }
}

/** One round: all stages at once, each with the messages of its neighbors from the previous round. */
function exchange(
  options: MessageRoundOptions,
  at: LossStep,
  { inputs, inputGradients }: Messages,
): Exchange {
  const { stages, weights, beta, labelSmoothing, draw, precision, memory } = options;
  const watch = at.stopwatch;
  const gradients = new Map<string, Tensor>();
  const losses: LocalLoss[] = [];
  const context = { weights, gradients, draw, precision, memory };
  const next = { inputs: [inputs[0]!], inputGradients: [] as (Tensor | null)[] };
  for (const { index, isLast, layers } of stages) {
    const pass = watch.time('forward', () => trainPass(layers, inputs[index]!, context, index > 0));
    const loss = isLast
      ? classificationObjective(labelSmoothing)(pass.output, at, context)
      : watch.time('coupling', () =>
          coupledLoss(coupling(pass.output, inputs[index + 1]!, inputGradients[index + 1]!, { beta })),
        );
    if (!isLast) next.inputs.push(shared(pass.output));
    next.inputGradients.push(watch.time('backward', () => pass.pullback(loss.cotangent)));
    free(loss.cotangent);
    losses.push(loss);
  }
  return { messages: next, gradients, losses };
}

/**
 * Pulls (beta/2) |A_k(x) - lambda_k|^2 / |A_k(x)|^2 back through each AuxNet. The norm is treated as a constant.
 */
function reproduce(generated: readonly (Pass | null)[], targets: readonly Tensor[], beta: number): void {
  generated.forEach((pass, stage) => {
    if (!pass) return;
    const loss = coupledLoss(coupling(pass.output, targets[stage]!, null, { beta }));
    pass.pullback(loss.cotangent);
    free(loss.cotangent);
    loss.dispose();
  });
}

/** The same values with another handle, because a pullback frees the output of its pass. */
function shared(tensor: Tensor): Tensor {
  return kernels.reshape(tensor, tensor.shape);
}

/** The images, lambda_0, belong to the batch. */
function freeMessages({ inputs, inputGradients }: Messages): void {
  free(...inputs.slice(1), ...inputGradients.filter((gradient) => gradient !== null));
}
