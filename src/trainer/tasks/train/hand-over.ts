import type { TaskOutput } from '../../../contract/trainer-protocol.js';
import type { RunDescription } from '../../../method/index.js';
import { parametersOf, wholeNetwork } from '../../../network/index.js';
import { mergeStates } from '../../checkpoint/index.js';
import { reconstructAuxiliary, TrainedNetwork } from '../../evaluation/index.js';
import type { NamedValues, OptimizerState } from '../../optimizer/index.js';
import type { TaskContext } from '../context.js';
import { trainBatchesOn } from '../inputs/batches.js';
import { type Readers, withReaders } from '../inputs/readers.js';
import { stageParameters } from '../inputs/stage-parameters.js';
import { initialState, initialWeights } from '../inputs/states.js';
import { storeStage } from './store-stage.js';

/**
 * The end of a warm start: every stage gets its part of the joined network's state, optimiser memory included, and an
 * AuxNet fitted to the inputs it has in that network. What else a stage trains is as new.
 */
export async function handOver(
  context: TaskContext,
  run: RunDescription,
  state: OptimizerState,
): Promise<Record<string, TaskOutput>> {
  const outputs: Record<string, TaskOutput> = {};
  const fitted = await withReaders(context, (readers) =>
    fitAuxiliaries(context, run, state.weights, readers),
  );
  for (const stage of run.stages) {
    const parameters = stageParameters(stage);
    const start = await initialState(context, parameters);
    const own = mergeStates([start, state, { weights: fitted, slots: new Map() }]);
    Object.assign(outputs, await storeStage(context, stage, own));
  }
  return outputs;
}

/** The weights of all AuxNets after the fit (docs/method.md, "AuxNets"). */
async function fitAuxiliaries(
  context: TaskContext,
  run: RunDescription,
  weights: NamedValues,
  { train }: Readers,
): Promise<NamedValues> {
  const { spec } = context.assignment;
  const batches = trainBatchesOn(train, context);
  const full = await TrainedNetwork.calibrate(wholeNetwork(run.network), weights, train, spec.seed);
  try {
    const fitted = new Map<string, Float32Array>();
    for (const stage of run.stages) {
      if (!stage.auxiliary) continue;
      const prefix = full.part(run.stages.slice(0, stage.index).flatMap(({ layers }) => layers));
      const start = await initialWeights(context, parametersOf(stage.auxiliary));
      const options = {
        prefix,
        auxiliary: stage.auxiliary,
        weights: start,
        batches,
        breathe: context.breathe,
      };
      for (const [name, values] of await reconstructAuxiliary(options)) fitted.set(name, values);
      prefix.dispose();
    }
    return fitted;
  } finally {
    full.dispose();
  }
}
