import type { ResolvedMethod } from '../../contract/spec.js';
import { type KeptShare, keptShares } from '../../method/sparsity.js';

/** Bytes of a number that a pass keeps between layers. */
export const ACTIVATION_BYTES = { float32: 4, bfloat16: 2 } as const;

/** The choices of a job that its passes depend on. */
export interface PassFacts {
  /** Equal parts of a batch that are passed one after the other. */
  readonly accumulatedParts: number;
  /** The numbers that passes keep between layers. */
  readonly precision: keyof typeof ACTIVATION_BYTES;
  /** Updates from one estimate of Kronecker factors to the next; null without factors. */
  readonly factorInterval: number | null;
  /** The rounds of the layer-parallel phase by the hidden channels that they have. Absent or empty: all have all. */
  readonly channels?: readonly KeptShare[];
}

/** The choices of a job that its memory depends on, beside its network and its batch. */
export interface MemoryFacts extends PassFacts {
  /** Vectors of a parameter's size that the optimizer keeps beside each parameter. */
  readonly optimizerVectors: number;
}

export const WHOLE_BATCH: PassFacts = { accumulatedParts: 1, precision: 'float32', factorInterval: null };

/** The facts over so many rounds of the layer-parallel phase, as far as their layers differ. */
export function inRounds(facts: MemoryFacts, method: ResolvedMethod, rounds: number): MemoryFacts {
  return { ...facts, channels: keptShares(method, rounds) };
}

/** The facts of a batch that is passed in so many parts. */
export function inMicroBatches(facts: MemoryFacts, count: number): MemoryFacts {
  return { ...facts, accumulatedParts: count };
}

/** Whether a batch is passed in several parts, whose gradients are added up. */
export function addsGradients({ accumulatedParts: parts }: PassFacts): boolean {
  return parts > 1;
}

/** Images of a batch that one pass has. */
export function imagesOfPass({ accumulatedParts: parts }: PassFacts, batch: number): number {
  return batch / parts;
}
