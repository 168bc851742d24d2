import type { ParameterSpec } from '../../network/index.js';
import type { NamedTensors } from '../passes/index.js';
import {
  createVariable,
  free,
  read,
  scalar,
  type Tensor,
  undoOnError,
  upload,
  type Variable,
  valuesOf,
} from '../runtime/index.js';
import { clipNorm, normOf } from './clip.js';
import type { OptimizerState, Slot } from './optimizer-state.js';
import type { NamedValues } from './parameter-values.js';
import type { Updated, UpdateRule, VectorSlot } from './update-rule.js';

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
  /** Where one of them is not finite: `gradient of` or `weights of` the parameter that it began with. */
  readonly nonFinite: string | null;
}

/** A parameter on the device. */
interface Trained extends Updated {
  readonly name: string;
  readonly weightDecay: number;
  readonly rateFactor: number;
  /** So far: those of a warm start have had some when their AuxNet has had none. */
  updates: number;
}

/**
 * Weights and what their update rule remembers, on the device, where a step changes them in place. Names, not
 * positions, tie values to parameters wherever they enter or leave.
 */
export class Optimizer {
  readonly #rule: UpdateRule;
  readonly #clipNorm: number | null;
  readonly #parameters: readonly Trained[];
  #views: Map<string, Tensor>;

  constructor(parameters: readonly ParameterSpec[], state: OptimizerState, settings: OptimizerSettings) {
    this.#rule = settings.rule;
    this.#clipNorm = settings.clipNorm ?? null;
    this.#parameters = undoOnError(() => parameters.map((parameter) => toDevice(parameter, state, settings)));
    this.#views = viewsOf(this.#parameters);
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
    const raw = this.#parameters.map(({ name }) => required(gradients, name));
    const before = measures ? normOf(raw) : 0;
    // Gradients lie in the order in which they were computed: what made one infinite spoils those after it.
    const spoilt = Number.isFinite(before) ? null : firstNonFinite('gradient', gradients);
    const used = this.#clipNorm === null ? raw : clipNorm(raw, this.#clipNorm);
    free(...this.#views.values());
    this.#update(used, learningRate);
    free(...used, ...gradients.values());
    gradients.clear();
    this.#views = viewsOf(this.#parameters);
    if (!measures) return null;
    const after = normOf([...this.#views.values()]);
    const nonFinite = spoilt ?? (Number.isFinite(after) ? null : firstNonFinite('weights', this.#views));
    return { gradient: before, weights: after, nonFinite };
  }

  state(): OptimizerState {
    const named = (variableOf: (parameter: Trained) => Variable): NamedValues =>
      new Map(this.#parameters.map((parameter) => [parameter.name, readVariable(variableOf(parameter))]));
    const slots = new Map<Slot, NamedValues>(
      this.#rule.slots.map((slot) => [slot, named((parameter) => parameter.slots.get(slot)!)]),
    );
    if (this.#rule.countsSteps) {
      const counts = this.#parameters.map(({ name, updates }) => [name, Float32Array.of(updates)] as const);
      slots.set('steps', new Map(counts));
    }
    return { weights: named(({ weights }) => weights), slots };
  }

  dispose(): void {
    free(...this.#views.values());
    for (const { weights, slots } of this.#parameters) {
      free(weights.handle, ...[...slots.values()].map(({ handle }) => handle));
    }
  }

  #update(gradients: readonly Tensor[], learningRate: number): void {
    const scalars = new Map<number, Tensor>();
    const scalarOf = (value: number): Tensor => {
      const known = scalars.get(value) ?? scalar(value);
      scalars.set(value, known);
      return known;
    };
    this.#parameters.forEach((parameter, index) => {
      const { rateFactor, weightDecay } = parameter;
      this.#rule.apply(parameter, {
        gradient: gradients[index]!,
        learningRate: rateFactor * learningRate,
        weightDecay,
        update: ++parameter.updates,
        scalarOf,
      });
    });
    free(...scalars.values());
  }
}

function toDevice(parameter: ParameterSpec, state: OptimizerState, settings: OptimizerSettings): Trained {
  const { name, shape } = parameter;
  const { rule, weightDecayOf, rateFactorOf } = settings;
  const variable = (values: NamedValues) => createVariable(upload(required(values, name), shape));
  const slots = rule.slots.map((slot): [VectorSlot, Variable] => [slot, variable(slotOf(state, slot))]);
  return {
    name,
    weights: variable(state.weights),
    slots: new Map(slots),
    weightDecay: weightDecayOf(parameter),
    rateFactor: rateFactorOf?.(parameter) ?? 1,
    updates: rule.countsSteps ? required(slotOf(state, 'steps'), name)[0]! : 0,
  };
}

/** `what of name`, or `what` alone where no single norm is beyond float32 and only their sum is. */
function firstNonFinite(what: 'gradient' | 'weights', tensors: NamedTensors): string {
  const found = [...tensors].find(([, tensor]) => !Number.isFinite(normOf([tensor])));
  return found ? `${what} of ${found[0]}` : what;
}

const viewsOf = (parameters: readonly Trained[]): Map<string, Tensor> =>
  new Map(parameters.map(({ name, weights }) => [name, valuesOf(weights)]));

function readVariable(variable: Variable): Float32Array {
  const values = valuesOf(variable);
  const copy = read(values);
  free(values);
  return copy;
}

function slotOf(state: OptimizerState, slot: Slot): NamedValues {
  const values = state.slots.get(slot);
  if (!values) throw new Error(`the state has no ${slot}: it is another optimizer's`);
  return values;
}

function required<T>(values: ReadonlyMap<string, T>, name: string): T {
  const value = values.get(name);
  if (value === undefined) throw new Error(`nothing given for parameter ${name}`);
  return value;
}
