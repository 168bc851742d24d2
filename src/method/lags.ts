import { isPipelined, type StagedMethod } from './methods.js';

/**
 * Updates that stage k of a pipeline makes between the forward pass of a batch and the update by its gradient:
 * D_k = K-1-k. A batch is in stage k+1 one step after it was in stage k, and its gradient comes back as many steps later. The
 * lag follows from the number of stages alone, never from who is quicker, so a run is deterministic.
 */
export function lagOf(stages: number, stage: number): number {
  return stages - 1 - stage;
}

/** Batches whose activations and weights a stage keeps at a time. */
export function batchesUnderWay(method: StagedMethod, stage: number): number {
  return isPipelined(method) ? lagOf(method.stages, stage) + 1 : 1;
}
