import type { ResolvedSpec } from '../../contract/spec.js';
import { parallelRange, type Rounds } from '../../method/rounds.js';
import { roundsBeforeEnd } from '../tasks/task-graph.js';
import type { EvaluatedRound } from './early-stop.js';

/** The rounds whose evaluation can end the layer-parallel phase, with the epochs after which each ends. */
export function decidingRounds(
  spec: Pick<ResolvedSpec, 'evaluate_every' | 'method' | 'selection'>,
  rounds: Rounds,
): Omit<EvaluatedRound, 'value'>[] {
  return roundsBeforeEnd(spec, rounds).map((round) => ({
    round,
    epochs: parallelRange(rounds, round).end / rounds.stepsPerEpoch,
  }));
}
