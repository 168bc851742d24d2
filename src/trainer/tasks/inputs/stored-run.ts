import { describeRun, describeRunIn, type RunDescription } from '../../../method/index.js';
import { parametersOf, wholeNetwork } from '../../../network/index.js';
import { readWeightsOf } from '../../checkpoint/index.js';
import type { TaskContext } from '../context.js';
import { withStoredChannels } from './channels.js';
import { anyOf, hasInput } from './states.js';

/** The run as the state that a task evaluates was trained: with its AuxNets and local heads as they were stored. */
export async function runOfState(context: TaskContext): Promise<RunDescription> {
  const run = await unfrozenRun(context);
  return { ...run, stages: await withStoredChannels(context, run.stages) };
}

/**
 * The run of the state's blocks: after a round of the stages, as that round trained them. Only a network with frozen batch norms
 * has statistics among its weights; the best round, whose network the last task may take, can be one before or after
 * `freeze.until_epoch`.
 */
async function unfrozenRun(context: TaskContext): Promise<RunDescription> {
  const {
    assignment: { spec, dataset, kind, round },
    blobs,
  } = context;
  const isOfStages = kind === 'evaluate' && round !== null && hasInput(context, 'state-0');
  const run = isOfStages
    ? describeRunIn(spec, dataset, { kind: 'stage', round })
    : describeRun(spec, dataset);
  const uri = anyOf(context, 'state') ?? anyOf(context, 'state-0');
  if (run.rounds.unfreezeStep === null || uri === undefined) return run;
  const statistics = parametersOf(wholeNetwork(run.network)).filter(({ fixed }) => fixed === 'statistic');
  const kept = await readWeightsOf(await blobs.localPath(uri), new Set(statistics.map(({ name }) => name)));
  return kept.size > 0 ? run : describeRun(spec, dataset, null);
}
