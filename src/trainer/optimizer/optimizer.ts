import { type ParameterSpec, sizeOf, trainedParameters } from '../../network/index.js';
import { factorsAmong, type NamedTensors } from '../passes/index.js';
import {
  createVariable,
  free,
  read,
  Staging,
  scalar,
  type Tensor,
  undoOnError,
  upload,
  type Variable,
  valuesOf,
} from '../runtime/index.js';
import { clipNorm, normOf } from './clip.js';
import { inMemory, type OptimizerState, type ReadableState, STEPS_SLOT } from './optimizer-state.js';
import { layersOf, type Memory, memoriesOf, type UpdateRule } from './update-rule.js';
import { type ReadableValues, readThrough, readValues, type Values } from './values.js';

export interface OptimizerSettings {
  readonly rule: UpdateRule;
  readonly weightDecayOf: (parameter: ParameterSpec) => number;
  /** Factor of the learning rate of a parameter. Absent: 1 for all. */
  readonly rateFactorOf?: (parameter: ParameterSpec) => number;
  /** Maximum norm of the gradient of all parameters together. null: no clipping. */
  readonly clipNorm?: number | null;
}

/** Euclidean norms over all parameters: of the gradient before clipping, and of the weights after the step. */
export interface Norms {
  readonly gradient: number;
  readonly weights: number;
  /** If a norm is not finite: `gradient of` or `weights of` the parameter in which it started. */
  readonly nonFinite: string | null;
}

/** A parameter on the device. */
interface OnDevice {
  readonly name: string;
  readonly weights: Variable;
}

interface Trained extends OnDevice {
  readonly weightDecay: number;
  readonly rateFactor: number;
  /** Number of updates so far. After a warm start, the parameters of a stage have more than those of its AuxNet. */
  updates: number;
}

/**
 * Weights and the state of their update rule, on the device, where a step changes them in place. Values belong to
 * parameters by name, never by position.
 */
export class Optimizer {
  readonly #rule: UpdateRule;
  readonly #clipNorm: number | null;
  readonly #parameters: readonly Trained[];
  /** Values that stay as they are, without gradients and memories. */
  readonly #fixed: readonly OnDevice[];
  readonly #layers: readonly (readonly Trained[])[];
  readonly #memories: ReadonlyMap<string, ReadonlyMap<string, Variable>>;
  #views: Map<string, Tensor>;

  constructor(parameters: readonly ParameterSpec[], state: ReadableState, settings: OptimizerSettings) {
    this.#rule = settings.rule;
    this.#clipNorm = settings.clipNorm ?? null;
    const memories = memoriesOf(parameters, settings.rule);
    const staging = new Staging(Math.max(...[...parameters, ...memories].map(sizeOf)));
    [this.#memories, this.#parameters, this.#fixed] = undoOnError(() => [
      memoriesToDevice(memories, state, staging),
      trainedParameters(parameters).map((parameter) => toDevice(parameter, state, settings, staging)),
      parameters
        .filter(({ fixed }) => fixed !== undefined)
        .map((parameter) => onDevice(parameter, state, staging)),
    ]);
    this.#layers = layersOf(this.#parameters);
    this.#views = this.#viewsOfAll();
  }

  /** The current weights, valid until the next step. */
  get weights(): NamedTensors {
    return this.#views;
  }

  /** Whether the next step reads the Kronecker factors of a kernel. Undefined if the rule reads none. */
  get wantsFactors(): ((kernel: string) => boolean) | undefined {
    const due = this.#rule.factorsDue;
    if (!due) return undefined;
    const counts = new Map(this.#parameters.map(({ name, updates }) => [name, updates]));
    return (kernel) => {
      const updates = counts.get(kernel);
      return updates !== undefined && due(updates);
    };
  }

  /**
   * The weights after `updates` more updates at this rate, if each moves them as the last ones did. The caller owns the
   * tensors.
   */
  ahead(updates: number, learningRate: number): Map<string, Tensor> {
    const scalars = new Scalars();
    const memory = (slot: string, name: string) => required(slotOf(this.#memories, slot), name);
    const found = this.#parameters.map((parameter) => {
      const distance = updates * parameter.rateFactor * learningRate;
      return [parameter.name, this.#rule.ahead({ ...parameter, distance }, memory, scalars.of)] as const;
    });
    scalars.free();
    const same = this.#fixed.map(({ name, weights }) => [name, valuesOf(weights)] as const);
    return new Map([...found, ...same]);
  }

  /**
   * One update. Takes ownership of `gradients` and frees them.
   * @param measures whether to read the norms back, which waits for the device
   * @throws Error if a trained parameter has no gradient
   */
  step(gradients: Map<string, Tensor>, learningRate: number, measures = false): Norms | null {
    const raw = this.#parameters.map(({ name }) => required(gradients, name));
    const before = measures ? normOf(raw) : 0;
    // Gradients are in the order of their computation: one that is infinite makes the later ones infinite, too.
    const spoilt = Number.isFinite(before) ? null : firstNonFinite('gradient', gradients);
    const used = this.#clipNorm === null ? raw : clipNorm(raw, this.#clipNorm);
    if (used !== raw) free(...raw);
    free(...this.#views.values());
    this.#update(used, learningRate, gradients);
    free(...gradients.values());
    gradients.clear();
    this.#views = this.#viewsOfAll();
    if (!measures) return null;
    const trained = new Map(this.#parameters.map(({ name }) => [name, required(this.#views, name)]));
    const after = normOf([...trained.values()]);
    const nonFinite = spoilt ?? (Number.isFinite(after) ? null : firstNonFinite('weights', trained));
    return { gradient: before, weights: after, nonFinite };
  }

  state(): OptimizerState {
    return inMemory(this.readableState());
  }

  /** The state without a copy: its arrays can be read until the next step. */
  readableState(): ReadableState {
    const slots = new Map<string, ReadonlyMap<string, Values>>(
      [...this.#memories].map(([slot, named]) => [slot, mapValues(named, readable)]),
    );
    if (this.#rule.countsSteps) {
      const counts = this.#parameters.map(({ name, updates }) => [name, Float32Array.of(updates)] as const);
      slots.set(STEPS_SLOT, new Map(counts));
    }
    const weights = [...this.#parameters, ...this.#fixed].map(
      (parameter) => [parameter.name, readable(parameter.weights)] as const,
    );
    return { weights: new Map(weights), slots };
  }

  dispose(): void {
    free(...this.#views.values());
    const memories = [...this.#memories.values()].flatMap((named) => [...named.values()]);
    const weights = [...this.#parameters, ...this.#fixed].map((parameter) => parameter.weights);
    free(...[...weights, ...memories].map(({ handle }) => handle));
  }

  #viewsOfAll(): Map<string, Tensor> {
    return new Map(
      [...this.#parameters, ...this.#fixed].map(({ name, weights }) => [name, valuesOf(weights)]),
    );
  }

  /** @param among the gradients that came, with the factors */
  #update(gradients: readonly Tensor[], learningRate: number, among: NamedTensors): void {
    const scalars = new Scalars();
    const gradientOf = new Map(this.#parameters.map(({ name }, index) => [name, gradients[index]!]));
    for (const layer of this.#layers) {
      const parameters = layer.map((parameter) => ({
        name: parameter.name,
        weights: parameter.weights,
        gradient: required(gradientOf, parameter.name),
        learningRate: parameter.rateFactor * learningRate,
        weightDecay: parameter.weightDecay,
        update: ++parameter.updates,
      }));
      const memory = (slot: string, name: string) => required(slotOf(this.#memories, slot), name);
      const factorsOf = (kernel: string) => factorsAmong(among, kernel);
      this.#rule.apply({ parameters, memory, factorsOf, scalarOf: scalars.of });
      // The arrays that a rule computes for the next layer take their place.
      free(...parameters.map(({ gradient }) => gradient));
    }
    scalars.free();
  }
}

/** Numbers as tensors that live as long as a step; each number is one tensor. */
class Scalars {
  readonly #tensors = new Map<number, Tensor>();

  readonly of = (value: number): Tensor => {
    const known = this.#tensors.get(value) ?? scalar(value);
    this.#tensors.set(value, known);
    return known;
  };

  free(): void {
    free(...this.#tensors.values());
  }
}

function toDevice(
  parameter: ParameterSpec,
  state: ReadableState,
  settings: OptimizerSettings,
  staging: Staging,
): Trained {
  const { name } = parameter;
  const { rule, weightDecayOf, rateFactorOf } = settings;
  return {
    ...onDevice(parameter, state, staging),
    weightDecay: weightDecayOf(parameter),
    rateFactor: rateFactorOf?.(parameter) ?? 1,
    updates: rule.countsSteps ? readValues(required(slotOf(state.slots, STEPS_SLOT), name))[0]! : 0,
  };
}

function onDevice({ name, shape }: ParameterSpec, { weights }: ReadableState, staging: Staging): OnDevice {
  return { name, weights: variableOf(required(weights, name), shape, staging) };
}

function memoriesToDevice(
  memories: readonly Memory[],
  { slots }: ReadableState,
  staging: Staging,
): ReadonlyMap<string, ReadonlyMap<string, Variable>> {
  const onDevice = new Map<string, Map<string, Variable>>();
  for (const { slot, name, shape } of memories) {
    const named = onDevice.get(slot) ?? new Map();
    onDevice.set(slot, named.set(name, variableOf(required(slotOf(slots, slot), name), shape, staging)));
  }
  return onDevice;
}

function variableOf(values: Values, shape: readonly number[], staging: Staging): Variable {
  return createVariable(upload(readThrough(values, staging), shape));
}

/** `what of name`, or `what` alone if every single norm is finite and only their sum overflows float32. */
function firstNonFinite(what: 'gradient' | 'weights', tensors: NamedTensors): string {
  const found = [...tensors].find(([, tensor]) => !Number.isFinite(normOf([tensor])));
  return found ? `${what} of ${found[0]}` : what;
}

function readable(variable: Variable): ReadableValues {
  const withValues = <T>(use: (values: Tensor) => T): T => {
    const values = valuesOf(variable);
    const used = use(values);
    free(values);
    return used;
  };
  return { length: withValues(sizeOf), read: () => withValues(read) };
}

function slotOf<T>(slots: ReadonlyMap<string, T>, slot: string): T {
  const values = slots.get(slot);
  if (!values) throw new Error(`the state has no ${slot}: it belongs to another optimizer`);
  return values;
}

function required<T>(values: ReadonlyMap<string, T>, name: string): T {
  const value = values.get(name);
  if (value === undefined) throw new Error(`nothing given for ${name}`);
  return value;
}

function mapValues<T, U>(values: ReadonlyMap<string, T>, make: (value: T) => U): ReadonlyMap<string, U> {
  return new Map([...values].map(([name, value]) => [name, make(value)]));
}
