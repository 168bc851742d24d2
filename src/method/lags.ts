import type { ResolvedMethod } from '../contract/spec.js';
import { recomputes } from './memory.js';
import { isPipelined, type StagedMethod } from './methods.js';

/**
 * Updates that stage k of a pipeline makes between the forward pass of a batch and the update by its gradient:
 * D_k = K-1-k. A batch is in stage k+1 one step after it was in stage k, and its gradient comes back as many steps later. The
 * lag follows from the number of stages alone, never from who is quicker, so a run is deterministic.
 */
export function lagOf(stages: number, stage: number): number {
  return stages - 1 - stage;
}

/** Batches of a stage that are under way at a time. */
export interface UnderWay {
  /** Number of batches whose weights it keeps. */
  readonly batches: number;
  /** Number of them of which it keeps the input alone, for another forward pass. */
  readonly inputsOnly: number;
}

export const ONE_BATCH: UnderWay = { batches: 1, inputsOnly: 0 };

/** The batches that a stage keeps. The one that it pulls back has all activations in either policy. */
export function batchesUnderWay(
  method: StagedMethod & Pick<ResolvedMethod, 'memory'>,
  stage: number,
): UnderWay {
  if (!isPipelined(method)) return ONE_BATCH;
  const lag = lagOf(method.stages, stage);
  return { batches: lag + 1, inputsOnly: recomputes(method) ? lag : 0 };
}

/** Whether a stage forwards each batch twice. The last stage pulls a batch back at once. */
export function forwardsTwice(method: StagedMethod & Pick<ResolvedMethod, 'memory'>, stage: number): boolean {
  return batchesUnderWay(method, stage).inputsOnly > 0;
}
