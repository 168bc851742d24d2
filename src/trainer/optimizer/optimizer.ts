import type { ParameterSpec } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import type { NamedTensors } from '../network/index.js';
import { free, read, type Tensor } from '../runtime/index.js';
import { clipNorm, normOf } from './clip.js';
import { type Factor, factorOf, freeFactor, scale } from './factor.js';
import type { OptimizerState, Slot } from './optimizer-state.js';
import type { NamedValues } from './parameter-values.js';
import type { UpdateRule, VectorSlot } from './update-rule.js';
import { fromVector, packGradients, required, toVector, unpackParameters } from './vector.js';

export interface OptimizerSettings {
  readonly rule: UpdateRule;
  readonly weightDecayOf: (parameter: ParameterSpec) => number;
  /** A parameter's learning rate as a multiple of the step's; 1 for all where there is none. */
  readonly rateFactorOf?: (parameter: ParameterSpec) => number;
  /** Longest gradient, all parameters together; null leaves it as it is. */
  readonly clipNorm?: number | null;
}

/** Euclidean norms over all parameters: of the gradient as it came, and of the weights after the step. */
export interface Norms {
  readonly gradient: number;
  readonly weights: number;
}

/**
 * Weights and what their update rule remembers, on the device. All parameters lie in one vector, so a step costs the
 * same few ops whatever their number; names, not positions, tie values to parameters wherever they enter or leave.
 */
export class Optimizer {
  readonly #parameters: readonly ParameterSpec[];
  readonly #rule: UpdateRule;
  readonly #weightDecay: Factor;
  readonly #rateFactor: Factor;
  readonly #clipNorm: number | null;
  #weights: Tensor;
  #slots: ReadonlyMap<VectorSlot, Tensor>;
  /** Updates so far, by parameter: those of a warm start have had some when their AuxNet has had none. */
  #updates: ReadonlyMap<string, number>;
  #views: Map<string, Tensor>;

  constructor(parameters: readonly ParameterSpec[], state: OptimizerState, settings: OptimizerSettings) {
    this.#parameters = parameters;
    this.#rule = settings.rule;
    this.#weightDecay = factorOf(parameters, settings.weightDecayOf);
    this.#rateFactor = factorOf(parameters, settings.rateFactorOf ?? (() => 1));
    this.#clipNorm = settings.clipNorm ?? null;
    this.#weights = toVector(parameters, state.weights);
    this.#slots = new Map(
      settings.rule.slots.map((slot) => [slot, toVector(parameters, slotOf(state, slot))]),
    );
    const counts = settings.rule.countsSteps ? slotOf(state, 'steps') : null;
    this.#updates = new Map(parameters.map(({ name }) => [name, counts ? required(counts, name)[0]! : 0]));
    this.#views = unpackParameters(parameters, this.#weights);
  }

  /** The weights as they are now; valid until the next step. */
  get weights(): NamedTensors {
    return this.#views;
  }

  /**
   * One update. Takes over and frees `gradients`.
   * @param measures whether to read the norms back, which waits for the device
   * @throws Error where a parameter has no gradient
   */
  step(gradients: Map<string, Tensor>, learningRate: number, measures = false): Norms | null {
    const packed = packGradients(this.#parameters, gradients);
    const gradientNorm = measures ? normOf(packed) : 0;
    const gradient = this.#clipNorm === null ? packed : clipNorm(packed, this.#clipNorm);
    if (gradient !== packed) free(packed);
    this.#update(gradient, learningRate);
    free(gradient);
    return measures ? { gradient: gradientNorm, weights: normOf(this.#weights) } : null;
  }

  state(): OptimizerState {
    const named = (vector: Tensor) => fromVector(this.#parameters, read(vector));
    const slots = new Map<Slot, NamedValues>([...this.#slots].map(([slot, vector]) => [slot, named(vector)]));
    if (this.#rule.countsSteps) {
      slots.set('steps', new Map([...this.#updates].map(([name, count]) => [name, Float32Array.of(count)])));
    }
    return { weights: named(this.#weights), slots };
  }

  dispose(): void {
    free(this.#weights, ...this.#slots.values(), ...this.#views.values());
    freeFactor(this.#weightDecay);
    freeFactor(this.#rateFactor);
  }

  #update(gradient: Tensor, learningRate: number): void {
    if (this.#rule.countsSteps) {
      this.#updates = new Map([...this.#updates].map(([name, count]) => [name, count + 1]));
    }
    const { direction, slots } = this.#rule.direct({
      gradient,
      weights: this.#weights,
      slots: this.#slots,
      weightDecay: this.#weightDecay,
      factorOfUpdate: (numberOf) =>
        factorOf(this.#parameters, ({ name }) => numberOf(this.#updates.get(name)!)),
    });
    free(...this.#slots.values());
    this.#slots = slots;
    this.#move(direction, learningRate);
    if (![...slots.values()].includes(direction)) free(direction);
  }

  /** w <- w - learningRate x rateFactor x direction */
  #move(direction: Tensor, learningRate: number): void {
    const scaled = this.#rateFactor === 1 ? direction : scale(direction, this.#rateFactor);
    const change = scale(scaled, learningRate);
    const next = kernels.subtract(this.#weights, change);
    if (scaled !== direction) free(scaled);
    free(this.#weights, change, ...this.#views.values());
    this.#weights = next;
    this.#views = unpackParameters(this.#parameters, next);
  }
}

function slotOf(state: OptimizerState, slot: Slot): NamedValues {
  const values = state.slots.get(slot);
  if (!values) throw new Error(`the state has no ${slot}: it is another optimizer's`);
  return values;
}
