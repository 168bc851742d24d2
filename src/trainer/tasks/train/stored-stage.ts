import type { BlobUri, TaskOutput, TaskSuccess } from '../../../contract/trainer-protocol.js';
import { describeRun, parallelRange, type RunDescription, trainSamples } from '../../../method/index.js';

import type { Shape, StageDescription } from '../../../network/index.js';
import type { SpoolDraft } from '../../../storage/blob-store.js';
import { type Checkpoint, encodeState } from '../../checkpoint/index.js';
import { TrainerError } from '../../errors.js';
import { InitialFeatures } from '../../evaluation/index.js';
import { learningRateAt, Optimizer, optimizerSettings } from '../../optimizer/index.js';
import { type RowsShape, rowLengthOf, SampleRows, StoredVariables } from '../../stored-variables/index.js';
import { type BoundaryVariables, Stopwatch, trainStoredSteps } from '../../training/index.js';
import { allEnded } from '../all-ended.js';
import { checkPrecision, type TaskContext } from '../context.js';
import { openSteps, trainBatchesOn } from '../inputs/batches.js';
import { type Readers, withReaders } from '../inputs/readers.js';

import { stageParameters } from '../inputs/stage-parameters.js';
import { readCheckpoint, stateBefore } from '../inputs/states.js';
import { type Owned, withOwned } from '../owned.js';
import { paceOf, samplesOf } from './metric-samples.js';
import { saveCheckpoint } from './part.js';

/** Files of rows per sample: the ones that the stage reads of the round before, and those that it writes. */
interface Files {
  readonly own: SampleRows | null;
  readonly features: SampleRows | null;
  readonly upstreamFeatures: SampleRows | null;
  readonly downstream: SampleRows | null;
  readonly written: ReadonlyMap<string, Written>;
}

/** A file that the stage writes, under the name of the task's output. */
interface Written {
  readonly rows: SampleRows;
  readonly draft: SpoolDraft;
}

/** Trains stage k for one round on stored variables (docs/method.md, "Stored variables"). */
export async function trainStoredStage(context: TaskContext): Promise<TaskSuccess> {
  checkPrecision(context);
  const { spec, dataset, stage: index, round } = context.assignment;
  const run = describeRun(spec, dataset);
  const stage = index === null ? undefined : run.stages[index];
  if (!stage || round === null) throw new TrainerError('invalid_assignment', `there is no stage ${index}`);
  const stopwatch = new Stopwatch(context.now);
  const checkpoint = await readCheckpoint(context);
  return await withOwned(async (owned) => {
    const files = await stopwatch.timeAsync('checkpoint', () =>
      openFiles(context, run, stage, checkpoint, owned),
    );
    const state = await withReaders(context, (readers) =>
      trainRound(context, { run, stage, files, readers, checkpoint, stopwatch, owned }),
    );
    const outputs = await stopwatch.timeAsync('checkpoint', async () => ({
      state: await context.blobs.put(encodeState(stageParameters(stage), state)),
      ...(await eachWritten(files, (draft) => draft.commit())),
    }));
    return { outputs, seconds: stopwatch.seconds, artifacts: [], result: {} };
  });
}

interface Round {
  readonly run: RunDescription;
  readonly stage: StageDescription;
  readonly files: Files;
  readonly readers: Readers;
  readonly checkpoint: Checkpoint | null;
  readonly stopwatch: Stopwatch;
  readonly owned: Owned;
}

async function trainRound(
  context: TaskContext,
  { run, stage, files, readers: { train }, checkpoint, stopwatch, owned }: Round,
) {
  const { spec, round } = context.assignment;
  const { penalty } = spec.method;
  if (typeof penalty !== 'number')
    throw new TrainerError('invalid_assignment', 'method stored requires a numeric penalty');
  const steps = parallelRange(run.rounds, round ?? 0);
  const from = checkpoint?.step ?? steps.start;
  const left = { ...steps, start: from };
  const parameters = stageParameters(stage);
  const state =
    checkpoint?.state ?? (await stopwatch.timeAsync('checkpoint', () => stateBefore(context, parameters)));
  const optimizer = new Optimizer(parameters, state, optimizerSettings(spec.optimizer));
  owned.add(optimizer, () => optimizer.dispose());
  const batches = await openSteps(context, left);
  owned.add(batches, () => batches.close(stopwatch));
  const order = trainBatchesOn(train, context);
  const untrained = (end: number) => {
    const layers = run.stages.slice(0, end).flatMap((each) => each.layers);
    const features = new InitialFeatures(layers, train, spec.seed);
    return owned.add(features, () => features.dispose());
  };
  const next = run.stages[stage.index + 1];
  // The files change in place: what is saved of them lasts only if no step follows.
  const save = async (at: number, stops: boolean) => {
    if (!stops) return null;
    const rows = await eachWritten(files, (draft) => draft.keep());
    return saveCheckpoint(
      context,
      { parameters, steps },
      { state: optimizer.state(), step: at, spool: null, rows },
    );
  };
  const started = context.now();
  await trainStoredSteps({
    ...files,
    stage: stage.index,
    layers: stage.layers,
    steps,
    from,
    seed: spec.seed,
    precision: spec.precision,
    batchAt: batches.at,
    samplesAt: (step) => order.samplesAt(step),
    own: stage.index > 0 ? boundary(context, files.own, stage.input, untrained(stage.index)) : null,
    downstream: next ? boundary(context, files.downstream, next.input, untrained(next.index)) : null,
    beta: penalty,
    labelSmoothing: spec.label_smoothing,
    optimizer,
    learningRateAt: (step) => learningRateAt(spec.optimizer, step, run.rounds),
    onReport: (report) => {
      context.progress(report.step + 1 - steps.start, steps.end - steps.start);
      context.metrics(samplesOf(report, stage.index));
    },
    breathe: (at) => context.breathe((stops) => stopwatch.timeAsync('checkpoint', () => save(at, stops))),
    stopwatch,
  });
  context.metrics(paceOf(context, left, stage.index, started, stopwatch));
  return optimizer.state();
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

async function openFiles(
  context: TaskContext,
  run: RunDescription,
  stage: StageDescription,
  checkpoint: Checkpoint | null,
  owned: Owned,
): Promise<Files> {
  const { spec, dataset, inputs } = context.assignment;
  const samples = trainSamples(spec.max_train_samples, dataset);
  const variablesOf = (shape: Shape) => ({ samples, rowLength: rowLengthOf(shape, hasMultipliers(spec)) });
  const featuresOf = (shape: Shape) => ({ samples, rowLength: rowLengthOf(shape, false) });
  const written = new Map<string, Written>();
  const opened = async (input: string, shape: RowsShape) => {
    const uri = inputs[input];
    if (!uri) return null;
    const rows = SampleRows.open(await context.blobs.localPath(uri), shape);
    return owned.add(rows, () => rows.close());
  };
  const created = async (name: string, shape: RowsShape, source: BlobUri | undefined) => {
    const file = await createRows(context, name, shape, checkpoint?.rows?.[name] ?? null, source, owned);
    written.set(name, file);
    return file.rows;
  };
  const next = run.stages[stage.index + 1];
  return {
    own: stage.index > 0 ? await created('variables', variablesOf(stage.input), inputs.variables) : null,
    features: next ? await created('features', featuresOf(next.input), undefined) : null,
    upstreamFeatures: await opened('features', featuresOf(stage.input)),
    downstream: next ? await opened('downstream_variables', variablesOf(next.input)) : null,
    written,
  };
}

/** A file to write: as an earlier attempt left it, else a copy of `source`, else without rows. */
async function createRows(
  { blobs, assignment: { job_id, task_id, attempt } }: TaskContext,
  name: string,
  shape: RowsShape,
  kept: TaskOutput | null,
  source: BlobUri | undefined,
  owned: Owned,
): Promise<Written> {
  const draft = await blobs.createSpool(`${job_id}/${task_id}-a${attempt}/${name}`, kept ?? undefined);
  owned.add(draft, () => draft.discard());
  const copied = source === undefined ? null : await blobs.localPath(source);
  const rows = kept ? SampleRows.resume(draft.path, shape) : SampleRows.create(draft.path, shape, copied);
  return { draft, rows: owned.add(rows, () => rows.close()) };
}

/** Completes each file that the stage writes, and hands its draft on: kept for a later attempt, or made an output. */
async function eachWritten(
  { written }: Files,
  store: (draft: SpoolDraft) => Promise<TaskOutput>,
): Promise<Record<string, TaskOutput>> {
  const stored = [...written].map(async ([name, { rows, draft }]) => {
    rows.flush();
    return [name, await store(draft)] as const;
  });
  return Object.fromEntries(await allEnded(stored));
}
