import { REPLICA_INPUT } from '../../../contract/trainer-protocol.js';
import { describeRun, isUnfrozenIn, type RunDescription, stepsOfRound } from '../../../method/index.js';
import { parametersOf, wholeNetwork } from '../../../network/index.js';
import { readWeightsOf } from '../../checkpoint/index.js';
import type { TaskContext } from '../context.js';

/** The run as the steps of a training task see it: every block trains from `freeze.until_epoch` on. */
export function runOfSteps({ assignment }: TaskContext): RunDescription {
  const { spec, dataset } = assignment;
  const run = describeRun(spec, dataset);
  const steps = stepsOfRound(run.rounds, assignment);
  return isUnfrozenIn(run.rounds, steps) ? describeRun(spec, dataset, null) : run;
}

/**
 * The run as the state that a task evaluates was trained. Only a network with frozen batch norms has statistics among its
 * weights; the best round, whose network the last task may take, can be one before or after `freeze.until_epoch`.
 */
export async function runOfState({
  assignment: { spec, dataset, inputs },
  blobs,
}: TaskContext): Promise<RunDescription> {
  const run = describeRun(spec, dataset);
  const uri = inputs.state ?? inputs[`${REPLICA_INPUT}0`] ?? inputs['state-0'];
  if (run.rounds.unfreezeStep === null || uri === undefined) return run;
  const statistics = parametersOf(wholeNetwork(run.network)).filter(({ fixed }) => fixed === 'statistic');
  const kept = await readWeightsOf(await blobs.localPath(uri), new Set(statistics.map(({ name }) => name)));
  return kept.size > 0 ? run : describeRun(spec, dataset, null);
}
