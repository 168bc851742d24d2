import type { TaskCheckpoint, TaskOutput } from '../../../contract/trainer-protocol.js';
import type { RunDescription, StepRange } from '../../../method/index.js';
import { type Layer, parametersOf, wholeNetwork } from '../../../network/index.js';
import { type Checkpoint, mergeStates } from '../../checkpoint/index.js';
import { FIRST_FIT, REFIT, reconstructAuxiliary, TrainedNetwork } from '../../evaluation/index.js';
import { type NamedValues, type OptimizerState, startingSlots, updateRuleOf } from '../../optimizer/index.js';
import type { TaskContext } from '../context.js';
import { trainBatchesOn } from '../inputs/batches.js';
import { type Readers, withReaders } from '../inputs/readers.js';
import { auxiliaryParameters, stageParameters } from '../inputs/stage-parameters.js';
import { completed, initialWeights } from '../inputs/states.js';
import { saveCheckpoint } from './round.js';
import { storeStage } from './store-stage.js';

export interface HandOver {
  readonly run: RunDescription;
  /** The joined network's, at the end of its round. */
  readonly state: OptimizerState;
  /** The round's. */
  readonly steps: StepRange;
  /** The checkpoint of an earlier attempt. It may contain AuxNets that are fitted already. */
  readonly checkpoint: Checkpoint | null;
}

/**
 * The end of a warm start: every stage gets its part of the state of the joined network, including optimizer state,
 * and an AuxNet fitted to its inputs in that network. Other parts of a stage get their initial state.
 */
export async function handOver(context: TaskContext, options: HandOver): Promise<Record<string, TaskOutput>> {
  const outputs: Record<string, TaskOutput> = {};
  const fitted = await withReaders(context, (readers) => fitAuxiliaries(context, options, readers));
  for (const stage of options.run.stages) {
    const parameters = stageParameters(stage);
    const own = mergeStates([
      await completed(context, parameters, options.state),
      { weights: fitted, slots: new Map() },
    ]);
    Object.assign(outputs, await storeStage(context, stage, own));
  }
  return outputs;
}

/** Fits all AuxNets. @returns their weights (docs/method.md, "AuxNets") */
async function fitAuxiliaries(
  context: TaskContext,
  options: HandOver,
  { train }: Readers,
): Promise<NamedValues> {
  const { run, state, checkpoint } = options;
  const batches = trainBatchesOn(train, context);
  const fit = context.assignment.spec.init_from === null ? REFIT : FIRST_FIT;
  const layers = wholeNetwork(run.network);
  const full = await TrainedNetwork.calibrate(layers, state.weights, train, context.assignment.spec.seed);
  const fitted = new Map<string, Float32Array>();
  const betweenSteps = () => context.betweenSteps(() => saveHandOver(context, options, fitted));
  try {
    for (const { auxiliary, index } of run.stages) {
      if (!auxiliary) continue;
      const prefix = full.part(run.stages.slice(0, index).flatMap((stage) => stage.layers));
      try {
        const start = await initialWeights(context, parametersOf(auxiliary));
        const weights =
          fittedBefore(checkpoint, auxiliary) ??
          (await reconstructAuxiliary({ prefix, auxiliary, weights: start, batches, fit, betweenSteps }));
        for (const [name, values] of weights) fitted.set(name, values);
      } finally {
        prefix.dispose();
      }
    }
    return fitted;
  } finally {
    full.dispose();
  }
}

/** An AuxNet that an earlier attempt has fitted; null where its checkpoint does not have it. */
function fittedBefore(checkpoint: Checkpoint | null, auxiliary: readonly Layer[]): NamedValues | null {
  const found = parametersOf(auxiliary).map(
    ({ name }) => [name, checkpoint?.state.weights.get(name)] as const,
  );
  const known = found.filter((entry): entry is [string, Float32Array] => entry[1] !== undefined);
  return known.length === found.length ? new Map(known) : null;
}

/** A checkpoint behind the round's last step, with the AuxNets that are fitted: the one in work starts again. */
function saveHandOver(
  context: TaskContext,
  { run, state, steps }: HandOver,
  fitted: NamedValues,
): Promise<TaskCheckpoint> {
  const auxiliary = run.stages.flatMap(auxiliaryParameters).filter(({ name }) => fitted.has(name));
  const parameters = [...parametersOf(wholeNetwork(run.network)), ...auxiliary];
  // The fit is apart from training: it leaves the optimiser no memory.
  const slots = startingSlots(auxiliary, updateRuleOf(context.assignment.spec.optimizer));
  const merged = mergeStates([state, { weights: fitted, slots }]);
  return saveCheckpoint(context, { parameters, steps }, { state: merged, step: steps.end, spool: null });
}
