import type { TaskOutput, TaskSuccess } from '../../../contract/trainer-protocol.js';
import { describeRun, parallelRange, type RunDescription, trainSamples } from '../../../method/index.js';

import type { Shape, StageDescription } from '../../../network/index.js';
import type { SpoolDraft } from '../../../storage/blob-store.js';
import { encodeState } from '../../checkpoint/index.js';
import { TrainerError } from '../../errors.js';
import { InitialFeatures } from '../../evaluation/index.js';
import { learningRateAt, Optimizer, optimizerSettings } from '../../optimizer/index.js';
import { rowLengthOf, SampleRows, StoredVariables } from '../../stored-variables/index.js';
import { type BoundaryVariables, Stopwatch, trainStoredSteps } from '../../training/index.js';
import type { TaskContext } from '../context.js';
import { openSteps, trainBatchesOn } from '../inputs/batches.js';
import { type Readers, withReaders } from '../inputs/readers.js';

import { stageParameters } from '../inputs/stage-parameters.js';
import { stateBefore } from '../inputs/states.js';
import { paceOf, samplesOf } from './metric-samples.js';

/** Files of rows per sample: what the stage reads of the round before, and what it writes. */
interface Files {
  readonly own: SampleRows | null;
  readonly features: SampleRows | null;
  readonly upstreamFeatures: SampleRows | null;
  readonly downstream: SampleRows | null;
  readonly drafts: ReadonlyMap<string, SpoolDraft>;
}

/** Trains stage k for one round on the variables stored of each sample (docs/method.md, "Stored variables"). */
export async function trainStoredStage(context: TaskContext): Promise<TaskSuccess> {
  const { spec, dataset, stage: index, round } = context.assignment;
  const run = describeRun(spec, dataset);
  const stage = index === null ? undefined : run.stages[index];
  if (!stage || round === null) throw new TrainerError('invalid_assignment', `there is no stage ${index}`);
  const stopwatch = new Stopwatch(context.now);
  const files = await stopwatch.timeAsync('checkpoint', () => openFiles(context, run, stage));
  try {
    const state = await withReaders(context, (readers) =>
      trainRound(context, run, stage, files, readers, stopwatch),
    );
    closeFiles(files, true);
    const outputs = await stopwatch.timeAsync('checkpoint', async () => ({
      state: await context.blobs.put(encodeState(stageParameters(stage), state)),
      ...(await commitAll(files.drafts)),
    }));
    return { outputs, seconds: stopwatch.seconds, artifacts: [], result: {} };
  } catch (error) {
    closeFiles(files, false);
    for (const draft of files.drafts.values()) await draft.discard();
    throw error;
  }
}

async function trainRound(
  context: TaskContext,
  run: RunDescription,
  stage: StageDescription,
  files: Files,
  { train }: Readers,
  stopwatch: Stopwatch,
) {
  const { spec, round } = context.assignment;
  const { penalty } = spec.method;
  if (typeof penalty !== 'number')
    throw new TrainerError('invalid_assignment', 'stored needs a number as penalty');
  const steps = parallelRange(run.rounds, round ?? 0);
  const parameters = stageParameters(stage);
  const optimizer = new Optimizer(
    parameters,
    await stopwatch.timeAsync('checkpoint', () => stateBefore(context, parameters)),
    optimizerSettings(spec.optimizer),
  );
  const batches = await openSteps(context, steps);
  const order = trainBatchesOn(train, context);
  const initial = [stage.index, stage.index + 1].map((end) => {
    const layers = run.stages.slice(0, end).flatMap((each) => each.layers);
    return new InitialFeatures(layers, train, spec.seed);
  }) as [InitialFeatures, InitialFeatures];
  const next = run.stages[stage.index + 1];
  const started = context.now();
  try {
    await trainStoredSteps({
      ...files,
      stage: stage.index,
      layers: stage.layers,
      steps,
      seed: spec.seed,
      batchAt: batches.at,
      samplesAt: (step) => order.samplesAt(step),
      own: stage.index > 0 ? boundary(context, files.own, stage.input, initial[0]) : null,
      downstream: next ? boundary(context, files.downstream, next.input, initial[1]) : null,
      beta: penalty,
      labelSmoothing: spec.label_smoothing,
      optimizer,
      learningRateAt: (step) => learningRateAt(spec.optimizer, step, run.rounds),
      onReport: (report) => {
        context.progress(report.step + 1 - steps.start, steps.end - steps.start);
        context.metrics(samplesOf(report, stage.index));
      },
      breathe: context.breathe,
      stopwatch,
    });
    context.metrics(paceOf(context, steps, stage.index, started, stopwatch));
    return optimizer.state();
  } finally {
    optimizer.dispose();
    for (const each of initial) each.dispose();
    batches.close(stopwatch);
  }
}

function boundary(
  { assignment: { spec } }: TaskContext,
  rows: SampleRows | null,
  input: Shape,
  initial: InitialFeatures,
): BoundaryVariables {
  const stored = new StoredVariables(rows, input, hasMultipliers(spec));
  return { stored, initial };
}

const hasMultipliers = ({ method }: TaskContext['assignment']['spec']): boolean =>
  method.stored.coupling === 'augmented-lagrangian';

async function openFiles(context: TaskContext, run: RunDescription, stage: StageDescription): Promise<Files> {
  const { spec, dataset, job_id, task_id, attempt, inputs } = context.assignment;
  const samples = trainSamples(spec.max_train_samples, dataset);
  const variablesOf = (shape: Shape) => ({ samples, rowLength: rowLengthOf(shape, hasMultipliers(spec)) });
  const featuresOf = (shape: Shape) => ({ samples, rowLength: rowLengthOf(shape, false) });
  const drafts = new Map<string, SpoolDraft>();
  const draft = async (name: string) => {
    const made = await context.blobs.createSpool(`${job_id}/${task_id}-a${attempt}/${name}`);
    drafts.set(name, made);
    return made.path;
  };
  const path = async (input: string) => (inputs[input] ? await context.blobs.localPath(inputs[input]) : null);
  const opened = async (input: string, shape: ReturnType<typeof featuresOf>) => {
    const source = await path(input);
    return source === null ? null : SampleRows.open(source, shape);
  };
  const next = run.stages[stage.index + 1];
  return {
    own:
      stage.index > 0
        ? SampleRows.create(await draft('variables'), variablesOf(stage.input), await path('variables'))
        : null,
    features: next ? SampleRows.create(await draft('features'), featuresOf(next.input), null) : null,
    upstreamFeatures: await opened('features', featuresOf(stage.input)),
    downstream: next ? await opened('downstream_variables', variablesOf(next.input)) : null,
    drafts,
  };
}

function closeFiles({ own, features, upstreamFeatures, downstream }: Files, written: boolean): void {
  for (const file of [own, features]) file?.close({ written });
  for (const file of [upstreamFeatures, downstream]) file?.close({ written: false });
}

async function commitAll(drafts: ReadonlyMap<string, SpoolDraft>): Promise<Record<string, TaskOutput>> {
  const committed = [...drafts].map(async ([name, draft]) => [name, await draft.commit()] as const);
  return Object.fromEntries(await Promise.all(committed));
}
