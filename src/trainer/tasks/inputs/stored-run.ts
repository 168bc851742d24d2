import { replicaInput } from '../../../contract/trainer-protocol.js';
import { describeRun, describeRunIn, type RunDescription } from '../../../method/index.js';
import { parametersOf, wholeNetwork } from '../../../network/index.js';
import { readWeightsOf } from '../../checkpoint/index.js';
import type { TaskContext } from '../context.js';
import { withStoredChannels } from './channels.js';

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
async function unfrozenRun({
  assignment: { spec, dataset, inputs, kind, round },
  blobs,
}: TaskContext): Promise<RunDescription> {
  const has = (name: string) => inputs[name] !== undefined || inputs[replicaInput(name, 0)] !== undefined;
  const isOfStages = kind === 'evaluate' && round !== null && has('state-0');
  const run = isOfStages
    ? describeRunIn(spec, dataset, { kind: 'stage', round })
    : describeRun(spec, dataset);
  const names = ['state', 'state-0'].flatMap((name) => [name, replicaInput(name, 0)]);
  const [uri] = names.flatMap((name) => inputs[name] ?? []);
  if (run.rounds.unfreezeStep === null || uri === undefined) return run;
  const statistics = parametersOf(wholeNetwork(run.network)).filter(({ fixed }) => fixed === 'statistic');
  const kept = await readWeightsOf(await blobs.localPath(uri), new Set(statistics.map(({ name }) => name)));
  return kept.size > 0 ? run : describeRun(spec, dataset, null);
}
