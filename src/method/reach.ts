import type { ResolvedMethod } from '../contract/spec.js';
import type { StagedMethod } from './methods.js';

/** `method.reach` null: a stage learns from its own head. */
export const OWN_HEAD = 1;

/**
 * The stage whose head stage `stage` learns from: with a reach of N, N-1 stages later (Gomez et al., arXiv:2010.04116), or the
 * last one. Jobs of earlier versions have no reach.
 */
export function reachedStage(
  { stages, reach }: Pick<StagedMethod, 'stages'> & Partial<Pick<ResolvedMethod, 'reach'>>,
  stage: number,
): number {
  return Math.min(stage + (reach ?? OWN_HEAD) - 1, stages - 1);
}
