import type { ResolvedSpec } from '../../../contract/spec.js';
import type { TaskCheckpoint } from '../../../contract/trainer-protocol.js';
import { countBefore, countSteps, type RunDescription, type StepRange } from '../../../method/index.js';

import { type ParameterSpec, parametersOf } from '../../../network/index.js';

import { type Checkpoint, encodeCheckpoint } from '../../checkpoint/index.js';
import {
  Optimizer,
  type OptimizerSettings,
  type OptimizerState,
  optimizerSettings,
  replicaRateAt,
} from '../../optimizer/index.js';
import type { Tensor } from '../../runtime/index.js';
import { type LocalObjective, type Stopwatch, type TrainedPart, trainSteps } from '../../training/index.js';
import { allEnded } from '../all-ended.js';
import { checkPrecision, type TaskContext } from '../context.js';
import { openSteps, type StepBatches } from '../inputs/batches.js';
import { withOwned } from '../owned.js';

import { paceOf, samplesOf } from './metric-samples.js';
import type { Spool } from './spools.js';

export interface TrainPartOptions {
  readonly run: RunDescription;
  readonly part: TrainedPart;
  readonly parameters: readonly ParameterSpec[];
  /** The state before the first of `steps`. Not called if there is a checkpoint. */
  readonly state: () => Promise<OptimizerState>;
  /** The checkpoint of an earlier attempt. */
  readonly checkpoint: Checkpoint | null;
  readonly steps: StepRange;
  readonly inputAt?: ((step: number) => Tensor) | null;
  readonly objective: LocalObjective;
  /** Receives the input gradient or the output of every step; null if neither is sent. */
  readonly spool: Spool | null;
  readonly stopwatch: Stopwatch;
}

/** Trains a part over its steps, from `state` or from its checkpoint. @returns its final state */
export async function trainPart(context: TaskContext, options: TrainPartOptions): Promise<OptimizerState> {
  checkPrecision(context);
  const left = { ...options.steps, start: options.checkpoint?.step ?? options.steps.start };
  return await withOwned(async (owned) => {
    const opened = async () => {
      const batches = await openSteps(context, left);
      return owned.add(batches, () => batches.close(options.stopwatch));
    };
    // Both at the same time, because a task starts with waiting for files.
    const [state, batches] = await allEnded([options.checkpoint?.state ?? options.state(), opened()]);
    return await trainOn(context, options, { from: left.start, state, batchAt: batches.at });
  });
}

interface Beginning {
  readonly from: number;
  readonly state: OptimizerState;
  readonly batchAt: StepBatches['at'];
}

async function trainOn(
  context: TaskContext,
  options: TrainPartOptions,
  { from, state, batchAt }: Beginning,
): Promise<OptimizerState> {
  const { spec } = context.assignment;
  const { part, steps, run, spool, stopwatch } = options;
  const optimizer = new Optimizer(options.parameters, state, partSettings(spec, part.auxiliary));
  const save = (next: number) =>
    stopwatch.timeAsync('checkpoint', async () => {
      // The messages first, so that everything in a readable checkpoint exists.
      const kept = spool && (await spool.writer.keep());
      return saveCheckpoint(context, options, { state: optimizer.state(), step: next, spool: kept });
    });
  const write = (tensor: Tensor) => spool?.writer.write(tensor);
  const started = context.now();
  stopwatch.add('start', stopwatch.elapsed);
  try {
    await trainSteps({
      ...options,
      from,
      optimizer,
      onInputGradient: spool?.name === 'corrections' ? write : null,
      onStageOutput: spool?.name === 'features' ? write : null,
      seed: spec.seed,
      precision: spec.precision,
      batchAt,
      learningRateAt: (step) => replicaRateAt(spec.optimizer, step, run.rounds, steps.stride ?? 1),
      onReport: (report) => {
        context.progress(countBefore(steps, report.step + 1), countSteps(steps));
        context.metrics(samplesOf(report, part.stage));
      },
      breathe: (next) => context.breathe(() => save(next)),
    });
    const left = { ...steps, start: from };
    context.metrics(paceOf(context, left, part.stage, started, stopwatch));
    return optimizer.state();
  } finally {
    optimizer.dispose();
  }
}

/** Stores a checkpoint, and says how much of the task is in it. */
export async function saveCheckpoint(
  { assignment: { task_id, attempt }, blobs }: TaskContext,
  { parameters, steps }: Pick<TrainPartOptions, 'parameters' | 'steps'>,
  checkpoint: Checkpoint,
): Promise<TaskCheckpoint> {
  const { step } = checkpoint;
  const bytes = encodeCheckpoint(parameters, checkpoint, `${task_id}-a${attempt}`);
  const share = countBefore(steps, step) / countSteps(steps);
  return { ...(await blobs.put(bytes)), step, share };
}

/** AuxNets may have their own learning rate, with the schedule of the stages. */
export function partSettings(spec: ResolvedSpec, auxiliary: TrainedPart['auxiliary']): OptimizerSettings {
  const settings = optimizerSettings(spec.optimizer);
  const rate = spec.method.auxiliary.learning_rate;
  if (rate === null || auxiliary === null) return settings;
  const names = new Set(parametersOf(auxiliary).map(({ name }) => name));
  const factor = rate / spec.optimizer.learning_rate;
  return { ...settings, rateFactorOf: ({ name }) => (names.has(name) ? factor : 1) };
}
