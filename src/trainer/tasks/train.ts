import type { ResolvedSpec } from '../../contract/spec.js';
import type { MetricSample, TaskCheckpoint } from '../../contract/trainer-protocol.js';
import type { ParameterSpec, StepRange } from '../../network/index.js';
import { countBefore, countSteps, parametersOf, trainSamples } from '../../network/index.js';
import { type Checkpoint, encodeCheckpoint } from '../checkpoint/index.js';
import {
  type Batch,
  BatchThread,
  openSplit,
  type SplitReader,
  splitFiles,
  TrainBatches,
  type TrainBatchesOptions,
} from '../data/index.js';
import { TrainerError } from '../errors.js';
import {
  Optimizer,
  type OptimizerSettings,
  type OptimizerState,
  optimizerSettings,
  replicaRateAt,
} from '../optimizer/index.js';
import type { Tensor } from '../runtime/index.js';
import {
  type LocalObjective,
  type StepReport,
  type Stopwatch,
  type TrainedPart,
  trainSteps,
} from '../training/index.js';
import { readManifest, type TaskContext } from './context.js';
import type { RunDescription } from './run-description.js';
import type { Spool } from './spools.js';

export interface TrainPartOptions {
  readonly run: RunDescription;
  readonly part: TrainedPart;
  readonly parameters: readonly ParameterSpec[];
  /** Before the first of `steps`; not asked for where there is a checkpoint. */
  readonly state: () => Promise<OptimizerState>;
  /** Where an earlier attempt left off. */
  readonly checkpoint: Checkpoint | null;
  readonly steps: StepRange;
  readonly inputAt?: ((step: number) => Tensor) | null;
  readonly objective: LocalObjective;
  /** Takes the input gradient or the output of every step; null where neither is sent. */
  readonly spool: Spool | null;
  readonly stopwatch: Stopwatch;
}

/** Trains a part over its steps from `state`, or from its checkpoint, and returns the state it ends in. */
export async function trainPart(context: TaskContext, options: TrainPartOptions): Promise<OptimizerState> {
  checkPrecision(context);
  const left = { ...options.steps, start: options.checkpoint?.step ?? options.steps.start };
  // Both at once: a task begins with waiting for files.
  const state = options.checkpoint ? Promise.resolve(options.checkpoint.state) : options.state();
  // Heard below, unless the batches cannot be opened either.
  state.catch(() => undefined);
  const batches = await openSteps(context, left);
  try {
    return await trainOn(context, options, { from: left.start, state: await state, batchAt: batches.at });
  } finally {
    batches.close(options.stopwatch);
  }
}

/** Emulated, it would be slower than float32 and less exact: a device that lacks it must not hide that. */
export function checkPrecision({ assignment, bfloat16 = false }: TaskContext): void {
  if (assignment.spec.precision !== 'bfloat16' || bfloat16) return;
  throw new TrainerError('precision_unavailable', 'this device does not compute in bfloat16');
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
    stopwatch.timeAsync('checkpoint', () => saveCheckpoint(context, options, optimizer.state(), next));
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

/** Stores a checkpoint with the state after the step before `step`. */
export async function saveCheckpoint(
  { assignment: { task_id, attempt }, blobs }: TaskContext,
  { parameters, spool, steps }: Pick<TrainPartOptions, 'parameters' | 'spool' | 'steps'>,
  state: OptimizerState,
  step: number,
): Promise<TaskCheckpoint> {
  // The messages first: a checkpoint that can be read has all it names.
  const kept = spool && (await spool.writer.keep());
  const bytes = encodeCheckpoint(parameters, { state, step, spool: kept }, `${task_id}-a${attempt}`);
  const share = countBefore(steps, step) / countSteps(steps);
  return { ...(await blobs.put(bytes)), step, share };
}

interface StepBatches {
  readonly at: (step: number) => Batch | Promise<Batch>;
  readonly close: (stopwatch: Stopwatch) => void;
}

/** The batches of a task's steps, prepared ahead by the trainer's thread where it has one. */
export async function openSteps(context: TaskContext, steps: StepRange): Promise<StepBatches> {
  const { batchThread } = context;
  const manifest = await readManifest(context);
  const { height, width, channels } = manifest.image;
  if (!batchThread || !BatchThread.takes(context.assignment.spec.batch_size, height * width * channels)) {
    const batches = await openTrainBatches(context);
    return { at: (step) => batches.at(step), close: () => batches.reader.close() };
  }
  const files = await splitFiles(manifest, 'train', context.blobs);
  const prepared = await batchThread.open(files, batchOptions(context), steps);
  return {
    at: () => prepared.next(),
    close: (stopwatch) => {
      stopwatch.add('data_thread', prepared.seconds);
      prepared.close();
    },
  };
}

/** AuxNets may have a learning rate of their own, under the stages' schedule. */
export function partSettings(spec: ResolvedSpec, auxiliary: TrainedPart['auxiliary']): OptimizerSettings {
  const settings = optimizerSettings(spec.optimizer);
  const rate = spec.method.auxiliary.learning_rate;
  if (rate === null || auxiliary === null) return settings;
  const names = new Set(parametersOf(auxiliary).map(({ name }) => name));
  const factor = rate / spec.optimizer.learning_rate;
  return { ...settings, rateFactorOf: ({ name }) => (names.has(name) ? factor : 1) };
}

export async function openTrainBatches(context: TaskContext): Promise<TrainBatches> {
  const { blobs, decoders } = context;
  const reader = await openSplit(await readManifest(context), 'train', blobs, { decoders });
  return trainBatchesOn(reader, context);
}

/** The job's batches from images that are open already; closing them is left to who opened them. */
export function trainBatchesOn(reader: SplitReader, context: TaskContext): TrainBatches {
  return new TrainBatches(reader, batchOptions(context));
}

function batchOptions({ assignment: { spec, dataset } }: TaskContext): TrainBatchesOptions {
  return {
    seed: spec.seed,
    batchSize: spec.batch_size,
    samples: trainSamples(spec.max_train_samples, dataset),
    augmentation: spec.augmentation,
  };
}

export function samplesOf(report: StepReport, stage: number | null): MetricSample[] {
  const { step, learningRate, loss, violation, norms } = report;
  const samples = [
    { name: 'loss', stage, step, value: loss },
    { name: 'learning_rate', stage, step, value: learningRate },
    { name: 'gradient_norm', stage, step, value: norms.gradient },
    { name: 'weight_norm', stage, step, value: norms.weights },
  ];
  // The violation belongs to the variable between two stages, which bears the downstream one's number.
  return violation === null
    ? samples
    : [...samples, { name: 'violation', stage: stage! + 1, step, value: violation }];
}

/**
 * Of a task's whole loop over `steps`, which began at `started`: images trained on per second, and the share of the time
 * that it waited for them. At the last step; nothing where there was none.
 */
export function paceOf(
  { now, assignment }: TaskContext,
  steps: StepRange,
  stage: number | null,
  started: number,
  stopwatch: Stopwatch,
): MetricSample[] {
  const count = countSteps(steps);
  if (count === 0) return [];
  const step = steps.start + (count - 1) * (steps.stride ?? 1);
  const seconds = (now() - started) / 1000;
  const images = count * assignment.spec.batch_size;
  const waited = stopwatch.seconds.data ?? 0;
  return [
    { name: 'images_per_second', stage, step, value: images / seconds },
    // A clock too coarse to see the loop saw no waiting either.
    { name: 'data_wait_share', stage, step, value: seconds > 0 ? waited / seconds : 0 },
  ];
}
