import type { ResolvedSpec } from '../../contract/spec.js';
import { isOfLastLevel, parallelRange, type Rounds } from '../../method/rounds.js';
import { evaluatedRounds } from '../tasks/task-graph.js';
import type { EvaluatedRound } from './early-stop.js';

/**
 * The rounds whose evaluation can end the layer-parallel phase: those that are evaluated, without the last one, after which
 * nothing is left to end. Of levels only the last one, since all of them are trained.
 */
export function decidingRounds(
  spec: Pick<ResolvedSpec, 'evaluate_every' | 'method' | 'selection'>,
  rounds: Rounds,
): Omit<EvaluatedRound, 'value'>[] {
  return evaluatedRounds(spec, rounds)
    .filter((round) => round < rounds.parallelRounds - 1 && isOfLastLevel(rounds, round))
    .map((round) => ({ round, epochs: parallelRange(rounds, round).end / rounds.stepsPerEpoch }));
}
