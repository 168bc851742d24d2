import { FITTED_INPUT } from '../../../contract/trainer-protocol.js';
import { regrownIn, sparsityOf, withChains } from '../../../method/index.js';
import { type HiddenConvolution, hiddenConvolutions, type StageDescription } from '../../../network/index.js';
import { readWeightsOf } from '../../checkpoint/index.js';
import {
  changeChannels,
  inMemory,
  type NamedValues,
  type ReadableState,
  withChannelsOf,
} from '../../optimizer/index.js';
import type { TaskContext } from '../context.js';
import { anyOf, readWeights } from './states.js';

/**
 * The state with which a round of a stage begins, from that in which the round before it ended: with the hidden channels of its
 * AuxNet and its local head that the round has (docs/method.md, "Sparse AuxNets and heads"). A function of the state, the seed
 * and the round, so that a task that runs again begins with the same.
 * @param stage as it is in the round
 */
export function withChannelsOfRound(
  { assignment: { spec, round } }: TaskContext,
  stage: StageDescription,
  state: ReadableState,
): ReadableState {
  const sparsity = sparsityOf(spec.method);
  if (sparsity === null || round === null || round < 1 || round > sparsity.untilRound) return state;
  const change = {
    regrown: (channels: number) => regrownIn(sparsity, round, channels),
    seed: spec.seed,
    label: `round ${round}`,
  };
  const chains = [stage.auxiliary ?? [], stage.head?.classifier ?? []];
  return chains.reduce((changed, layers) => changeChannels(changed, { ...change, layers }), inMemory(state));
}

/** The stages with the hidden channels that the AuxNets and heads among the inputs of a task have. */
export async function withStoredChannels(
  context: TaskContext,
  stages: readonly StageDescription[],
): Promise<readonly StageDescription[]> {
  if (sparsityOf(context.assignment.spec.method) === null) return stages;
  return Promise.all(
    stages.map(async (stage) => {
      const weights = await scalesOf(context, stage);
      return withChains(stage, (layers) => withChannelsOf(layers, weights));
    }),
  );
}

/** Scales of the batch norms of hidden channels, whose lengths are the numbers of channels. */
async function scalesOf(context: TaskContext, stage: StageDescription): Promise<NamedValues> {
  const { index, auxiliary, head } = stage;
  const hidden = [...hiddenConvolutions(auxiliary ?? []), ...hiddenConvolutions(head?.classifier ?? [])];
  const names = new Set(hidden.map(({ norm }: HiddenConvolution) => `${norm.name}/gamma`));
  // Replicas of a stage have the same channels.
  const files = [`state-${index}`, FITTED_INPUT].flatMap((name) => anyOf(context, name) ?? []);
  const found = await Promise.all(
    files.map(async (uri) => readWeightsOf(await context.blobs.localPath(uri), names)),
  );
  const ofAuxiliary = auxiliary && (await readWeights(context, `auxiliary-${index}`));
  return new Map([...found, ofAuxiliary ?? new Map()].flatMap((weights) => [...weights]));
}
