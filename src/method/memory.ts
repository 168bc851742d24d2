import type { ResolvedMethod } from '../contract/spec.js';

type MemoryPolicy = NonNullable<ResolvedMethod['memory']>;

/**
 * Rules of every `method.memory` of the contract: what a stage of a pipeline keeps of a batch from its forward pass until its
 * gradient comes. Both keep the weights that it was forwarded with.
 */
export const MEMORY_POLICIES: Readonly<Record<MemoryPolicy, { readonly recomputes: boolean }>> = {
  /** Everything that the backward pass reads. */
  stash: { recomputes: false },
  /** The stage's input alone: the backward pass begins with the same forward pass again. */
  recompute: { recomputes: true },
};

export const DEFAULT_MEMORY: MemoryPolicy = 'stash';

/** Whether the backward passes of a stage whose batches wait for their gradients begin with another forward pass. */
export function recomputes({ memory }: Pick<ResolvedMethod, 'memory'>): boolean {
  return memory !== null && MEMORY_POLICIES[memory].recomputes;
}
