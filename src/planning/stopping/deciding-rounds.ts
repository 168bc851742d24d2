import type { ResolvedSpec } from '../../contract/spec.js';
import { parallelRange, type Rounds, trainsWholeNetwork } from '../../method/rounds.js';
import { evaluatedRounds } from '../tasks/task-graph.js';
import type { EvaluatedRound } from './early-stop.js';

/**
 * The rounds whose evaluation can end the layer-parallel phase: those that are evaluated, without the last one, after which
 * nothing is left to end. Rounds of shallower networks cannot end it, since none of these is the result.
 */
export function decidingRounds(
  spec: Pick<ResolvedSpec, 'evaluate_every' | 'method' | 'selection'>,
  rounds: Rounds,
): Omit<EvaluatedRound, 'value'>[] {
  return evaluatedRounds(spec, rounds)
    .filter((round) => round < rounds.parallelRounds - 1 && trainsWholeNetwork(rounds, round))
    .map((round) => ({ round, epochs: parallelRange(rounds, round).end / rounds.stepsPerEpoch }));
}
