import type { ResolvedMethod } from '../contract/spec.js';
import { isPipelined, type StagedMethod } from './methods.js';
import { sparsityOf } from './sparsity.js';

export type MemoryPolicy = NonNullable<ResolvedMethod['memory']>;

interface MemoryRules {
  /** Whether features are computed again in place of being kept. */
  readonly recomputes: boolean;
  /** Bytes of a value that is kept between two layers of a pass; null: those of the pass's precision. */
  readonly bytes: number | null;
  /** Tensors of the size of the largest output that its codec has at a time, beside those of every pass. Measured. */
  readonly working: number;
  /** Time of its codec for a value, to and fro, in multiply-adds of a step (src/network/cost.ts). Measured. */
  readonly codecWork: number;
  /** Whether gradients are bitwise those of a pass that keeps everything as it is. */
  readonly isExact: boolean;
}

/**
 * Rules of every `method.memory` of the contract: what passes keep of their features from forward to backward. The weights of a
 * batch under way in a pipeline are kept under every one.
 */
export const MEMORY_POLICIES: Readonly<Record<MemoryPolicy, MemoryRules>> = {
  /** Everything that the backward pass reads. */
  stash: { recomputes: false, bytes: null, working: 0, codecWork: 0, isExact: true },
  /** Inputs of segments, from which the backward pass makes the rest again; in a pipeline the input of the stage alone. */
  recompute: { recomputes: true, bytes: null, working: 0, codecWork: 0, isExact: true },
  /** Rounded features; the forward pass itself is exact. */
  bfloat16: { recomputes: false, bytes: 2, working: 0, codecWork: 10, isExact: false },
  /** A code of one byte, and a scale for each 64. */
  int8: { recomputes: false, bytes: 1 + 4 / 64, working: 5, codecWork: 50, isExact: false },
};

export const DEFAULT_MEMORY: MemoryPolicy = 'stash';

/** The policy of a pass. */
export interface PassMemory {
  readonly policy: MemoryPolicy;
  /** Most bytes of the features that a pass keeps at a time, for policies that compute again; null: as few as can be. */
  readonly maxBytes: number | null;
}

type MemoryFields = Partial<Pick<ResolvedMethod, 'memory' | 'memory_bytes'>>;

/** The policy of the passes of a method. Jobs of earlier versions have no such field. */
export function passMemory({ memory, memory_bytes: maxBytes }: MemoryFields): PassMemory {
  return { policy: memory ?? DEFAULT_MEMORY, maxBytes: maxBytes ?? null };
}

/**
 * Whether the passes of a method do just what their layers need, with the same layers in every round: keep, and neither round nor
 * compute again within a pass.
 */
export function passesPlainly(
  method: StagedMethod & MemoryFields & Partial<Pick<ResolvedMethod, 'sparsity'>>,
): boolean {
  if (sparsityOf(method) !== null) return false;
  const { recomputes: again, bytes } = MEMORY_POLICIES[memoryInPipeline(method).policy];
  return !again && bytes === null;
}

/** Whether the backward passes of a stage whose batches wait for their gradients begin with another forward pass. */
export function recomputes(method: MemoryFields): boolean {
  return MEMORY_POLICIES[passMemory(method).policy].recomputes;
}

/** The policy within passes of stages: those of a pipeline compute whole batches again, and no parts of them. */
export function memoryInPipeline(method: StagedMethod & MemoryFields): PassMemory {
  const memory = passMemory(method);
  return isPipelined(method) && MEMORY_POLICIES[memory.policy].recomputes
    ? { policy: DEFAULT_MEMORY, maxBytes: null }
    : memory;
}
