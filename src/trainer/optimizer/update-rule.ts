import { type ParameterSpec, trainedParameters } from '../../network/index.js';
import type { Factors } from '../passes/index.js';
import type { Tensor, Variable } from '../runtime/index.js';

/** A tensor that a rule remembers between steps; zero at the start. */
export interface Memory {
  /** Name of the state, like `momentum`: the first part of its name in a checkpoint. */
  readonly slot: string;
  /** A parameter's name, or a name of the rule's own that begins with the layer's: `block0/conv1/left`. */
  readonly name: string;
  readonly shape: readonly number[];
}

/** A parameter in a step. */
export interface ParameterUpdate {
  readonly name: string;
  readonly weights: Variable;
  /** Clipped where the job asks for it; it stays its owner's. */
  readonly gradient: Tensor;
  /** The step's learning rate times the parameter's own factor. */
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Number of the update of this parameter, from 1. */
  readonly update: number;
}

/** A layer in a step: all its parameters, so that a rule may scale by the layer (LARS) or mix its weights (K-FAC). */
export interface LayerUpdate {
  readonly parameters: readonly ParameterUpdate[];
  /** @throws Error where the rule never declared such a memory */
  readonly memory: (slot: string, name: string) => Variable;
  /** The Kronecker factors of a kernel on this batch; null where the pass was not asked for them. */
  readonly factorsOf: (kernel: string) => Factors | null;
  /** A number as a tensor that lives as long as the step; all layers share it. */
  readonly scalarOf: (value: number) => Tensor;
}

/** A parameter whose later weights are asked for, while gradients of earlier batches are under way. */
export interface ParameterAhead {
  readonly name: string;
  readonly weights: Variable;
  /** The learning rate times the parameter's own factor, times the number of updates to look ahead. */
  readonly distance: number;
  /** Number of updates so far. */
  readonly updates: number;
}

/** A method of optimization: which way the weights go, and what it remembers. It owns nothing. */
export interface UpdateRule {
  /** State for a layer with these parameters. */
  memoryOf(layer: readonly ParameterSpec[]): readonly Memory[];
  /** Whether it needs the number of earlier updates. */
  readonly countsSteps: boolean;
  /** Whether the update after so many reads the Kronecker factors of its batch. Absent: none does. */
  readonly factorsDue?: (updates: number) => boolean;
  /** One update of one layer, in place: nobody may hold a tensor of its weights meanwhile, or they are copied. */
  apply(layer: LayerUpdate): void;
  /**
   * The weights of a parameter after some more updates, each of which would move them as what the rule remembers does
   * now. The caller owns the tensor.
   */
  ahead(parameter: ParameterAhead, memory: LayerUpdate['memory'], scalarOf: LayerUpdate['scalarOf']): Tensor;
}

/** A rule that looks at one parameter at a time, and remembers tensors of its shape. */
export interface ParameterRule<Slot extends string> {
  readonly slots: readonly Slot[];
  readonly countsSteps: boolean;
  apply(
    parameter: ParameterUpdate,
    memory: (slot: Slot) => Variable,
    scalarOf: LayerUpdate['scalarOf'],
  ): void;
  ahead(
    parameter: ParameterAhead,
    memory: (slot: Slot) => Variable,
    scalarOf: LayerUpdate['scalarOf'],
  ): Tensor;
}

export function parameterwise<Slot extends string>(rule: ParameterRule<Slot>): UpdateRule {
  return {
    countsSteps: rule.countsSteps,
    memoryOf: (layer) =>
      rule.slots.flatMap((slot) => layer.map(({ name, shape }): Memory => ({ slot, name, shape }))),
    apply: ({ parameters, memory, scalarOf }) => {
      for (const parameter of parameters) {
        rule.apply(parameter, (slot) => memory(slot, parameter.name), scalarOf);
      }
    },
    ahead: (parameter, memory, scalarOf) =>
      rule.ahead(parameter, (slot) => memory(slot, parameter.name), scalarOf),
  };
}

/** @returns the parameters of each layer: those whose names agree up to the last slash */
export function layersOf<T extends { readonly name: string }>(parameters: readonly T[]): T[][] {
  const layers = new Map<string, T[]>();
  for (const parameter of parameters) {
    const layer = layerOf(parameter.name);
    layers.set(layer, [...(layers.get(layer) ?? []), parameter]);
  }
  return [...layers.values()];
}

export function layerOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/'));
}

/** The memories of a network, all layers together. Frozen parameters have none. */
export function memoriesOf(parameters: readonly ParameterSpec[], rule: UpdateRule): Memory[] {
  return layersOf(trainedParameters(parameters)).flatMap((layer) => rule.memoryOf(layer));
}
