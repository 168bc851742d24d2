import type { MemoryPolicy, PassMemory } from '../../src/method/index.js';
import { describeNetwork, type ModelSize, type NetworkDescription } from '../../src/network/index.js';
import { type MemoryFacts, stageMemory, wholeCost } from '../../src/planning/costs/index.js';

export const IMAGE = { height: 32, width: 32, channels: 3 };
export const CLASSES = 10;

/** Some blocks of a network, with stem and head where they have the first and the last, and how a process trains them. */
export interface Trial {
  readonly model: ModelSize;
  /** [start, end); null: all. */
  readonly blocks: readonly [number, number] | null;
  readonly batch: number;
  readonly parts: number;
  readonly optimizer: 'sgd' | 'kfac';
  readonly memory: PassMemory;
  readonly steps: number;
}

/** The network of a trial: its blocks alone, where it has not all. */
export function networkOf({ model, blocks }: Pick<Trial, 'model' | 'blocks'>): NetworkDescription {
  const whole = describeNetwork(model, IMAGE, CLASSES);
  if (blocks === null) return whole;
  const [start, end] = blocks;
  const own = whole.blocks.slice(start, end);
  const last = own.at(-1)!;
  return {
    ...whole,
    image: start === 0 ? whole.image : own[0]!.input,
    stem: start === 0 ? whole.stem : [],
    blocks: own,
    head: end === whole.blocks.length ? whole.head : headOn(last.output),
  };
}

/** A pooling and a dense layer, so that every part has a loss. They are a thousandth of its work. */
function headOn(output: NetworkDescription['image']): NetworkDescription['head'] {
  return [
    { op: 'pool', name: 'head/pool', input: output },
    { op: 'dense', name: 'head/dense', inputs: output.channels, outputs: CLASSES },
  ];
}

/** Bytes that a plan says. */
export function plannedBytes(trial: Trial): number {
  const facts: MemoryFacts = {
    optimizerVectors: 1,
    factorInterval: trial.optimizer === 'kfac' ? 10 : null,
    accumulatedParts: trial.parts,
    precision: 'float32',
  };
  return stageMemory(wholeCost(networkOf(trial), facts), trial.batch, facts, methodOf(trial.memory));
}

/** Corrections of a method without messages, where they say nothing. */
export const NO_MESSAGES = { precision: 'float16', filter: 'none' } as const;

export function methodOf({ policy, maxBytes }: PassMemory) {
  const memory: MemoryPolicy = policy;
  return { type: 'backprop', stages: 1, memory, memory_bytes: maxBytes, corrections: NO_MESSAGES } as const;
}
