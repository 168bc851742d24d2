import type { ResolvedMethod } from '../contract/spec.js';
import { isPipelined } from './methods.js';

/** A Nesterov step between rounds (docs/method.md, "Steps between rounds"). */
export interface OuterSettings {
  readonly rate: number;
  readonly momentum: number;
}

/** The step between rounds of a method; null if it takes none. */
export function outerOf({ outer }: Pick<ResolvedMethod, 'outer'>): OuterSettings | null {
  // Jobs of earlier versions have no such field.
  const { rate = null, momentum = null } = outer ?? {};
  return rate === null || momentum === null ? null : { rate, momentum };
}

/** The same for replicas of the joined network. A pipeline takes it between its own rounds. */
export function outerOfReplicas(method: ResolvedMethod): OuterSettings | null {
  return isPipelined(method) ? null : outerOf(method);
}

/** Vectors of the weights that joining the replicas needs besides their states: the start of the round, and a momentum. */
export function vectorsToJoin(method: ResolvedMethod): number {
  return outerOfReplicas(method) === null ? 0 : 2;
}
