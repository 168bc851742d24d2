import type { PassMemory } from '../../../method/index.js';
import type { Layer } from '../../../network/index.js';
import type { StoredTensor } from '../../checkpoint/index.js';
import type { Optimizer } from '../../optimizer/index.js';
import { type NamedTensors, type Pass, type Precision, trainPass } from '../../passes/index.js';
import { arena, free, read, type Tensor, upload } from '../../runtime/index.js';
import type { Stopwatch } from '../../stopwatch.js';
import { type Measured, type StepAt, type StepReport, updateWeights } from '../report.js';

export interface PipelineStageOptions {
  readonly index: number;
  readonly layers: readonly Layer[];
  readonly optimizer: Optimizer;
  /** Batches that it has forwarded and not pulled back, once the pipeline is full. */
  readonly lag: number;
  /** Whether it keeps only the input of such a batch, and forwards it again. A stage without a lag has no reason to. */
  readonly recomputes: boolean;
  /** The run's: dropout masks follow from it and the step. */
  readonly seed: number;
  readonly precision: Precision;
  /** Policy for the features of a pass that waits for its gradient. */
  readonly memory: PassMemory;
}

/** The step of a batch, as the update by its gradient needs it. */
export type BatchStep = Pick<StepAt, 'step' | 'learningRate' | 'reports'>;

/** A batch that the stage has forwarded, and whose gradient it waits for. */
interface Flight {
  readonly at: BatchStep;
  readonly input: Tensor;
  /** The weights that it was forwarded with. */
  readonly weights: NamedTensors;
  /** False for the current weights, which the optimizer owns. */
  readonly ownsWeights: boolean;
  readonly gradients: Map<string, Tensor>;
  /** Null if the batch is to be forwarded again. */
  readonly pass: Pass | null;
}

/**
 * A stage of a pipeline. A batch is forwarded with the weights that the stage is expected to have when its gradient
 * arrives, and pulled back with the same ones (weights stashed: PipeDream, arXiv:1806.03377; predicted: SpecTrain,
 * arXiv:1809.02839; docs/method.md, "`pipeline`"). The pass is kept, or made again from the same input and weights.
 */
export class PipelineStage {
  readonly #flights: Flight[] = [];

  constructor(readonly options: PipelineStageOptions) {}

  /** Number of batches that are forwarded and not pulled back. */
  get underWay(): number {
    return this.#flights.length;
  }

  /**
   * o_k of a batch, which lives until `passedOn` or until the batch is pulled back. Takes ownership of the input. The weights are
   * predicted for the updates that are missing: none right after a drain, lag once the pipeline is full.
   */
  forward(at: BatchStep, input: Tensor): Tensor {
    const { optimizer } = this.options;
    const missing = this.#flights.length;
    const weights = missing === 0 ? optimizer.weights : optimizer.ahead(missing, at.learningRate);
    const batch = { at, input, weights, ownsWeights: missing > 0, gradients: new Map<string, Tensor>() };
    const pass = this.options.recomputes ? null : this.#pass(batch);
    this.#flights.push({ ...batch, pass });
    return pass ? pass.output : arena(() => this.#pass(batch).output);
  }

  /** The stage after has o_k. */
  passedOn(output: Tensor): void {
    if (this.options.recomputes) free(output);
  }

  /**
   * Pulls the oldest batch back from its cotangent, which it takes over, and updates the weights.
   * @param measured the loss of the last stage; null without a report. Other stages have no loss of their own.
   * @param onInputGradient receives d loss / d input before the update; the tensor stays the stage's
   */
  async backward(
    cotangent: Tensor,
    measured: Measured | 'no loss',
    stopwatch: Stopwatch,
    onInputGradient: (gradient: Tensor) => void | Promise<void>,
  ): Promise<StepReport[]> {
    const flight = this.#flights.shift()!;
    const { index, optimizer } = this.options;
    const pass = flight.pass ?? stopwatch.time('second_forward', () => this.#pass(flight));
    const inputGradient = stopwatch.time('backward', () => pass.pullback(cotangent));
    free(cotangent, flight.input);
    if (flight.ownsWeights) free(...flight.weights.values());
    if (inputGradient) {
      await onInputGradient(inputGradient);
      free(inputGradient);
    }
    const reported = measured === 'no loss' ? lossless(flight.at) : measured;
    return updateWeights({ ...flight.at, stopwatch }, index, optimizer, flight.gradients, reported);
  }

  /** The batches under way, for a checkpoint: inputs and weights, from which the features follow. */
  saved(): Map<string, StoredTensor> {
    return new Map(
      this.#flights.flatMap(({ at: { step }, input, weights }) => [
        [inputName(this.options.index, step), stored(input)],
        ...[...weights].map(([name, values]) => [weightsName(step, name), stored(values)] as const),
      ]),
    );
  }

  /** Forwards a batch again as it was before a checkpoint. */
  restore(at: BatchStep, saved: ReadonlyMap<string, StoredTensor>): void {
    const { index, optimizer } = this.options;
    const weights = new Map(
      [...optimizer.weights.keys()].map((name) => [name, restored(saved, weightsName(at.step, name))]),
    );
    const input = restored(saved, inputName(index, at.step));
    const batch = { at, input, weights, ownsWeights: true, gradients: new Map<string, Tensor>() };
    this.#flights.push({ ...batch, pass: this.options.recomputes ? null : this.#pass(batch) });
  }

  #pass({ at, input, weights, gradients }: Omit<Flight, 'pass'>): Pass {
    const { index, layers, optimizer, seed, precision, memory } = this.options;
    // Asked when the batch is pulled back, right before the update.
    const wantsFactors = (kernel: string) => optimizer.wantsFactors?.(kernel) ?? false;
    const context = { weights, gradients, draw: { seed, step: at.step }, precision, memory, wantsFactors };
    return trainPass(layers, input, context, index > 0);
  }
}

const lossless = ({ reports }: BatchStep): Measured => (reports ? { loss: null, violation: null } : null);

const inputName = (stage: number, step: number): string => `${step}/input-${stage}`;
const weightsName = (step: number, parameter: string): string => `${step}/${parameter}`;

/** A tensor as it is stored in a checkpoint. */
export function stored(tensor: Tensor): StoredTensor {
  return { shape: tensor.shape, values: read(tensor) };
}

export function restored(saved: ReadonlyMap<string, StoredTensor>, name: string): Tensor {
  const found = saved.get(name);
  if (!found) throw new Error(`the checkpoint has no ${name} of a batch under way`);
  return upload(found.values, found.shape);
}
