import type { ResolvedSpec } from '../../../contract/spec.js';
import type { BlobUri, TaskOutput } from '../../../contract/trainer-protocol.js';
import { COUPLINGS, type RunDescription, trainSamples } from '../../../method/index.js';
import type { Shape, StageDescription } from '../../../network/index.js';
import type { SpoolDraft } from '../../../storage/blob-store.js';
import type { Checkpoint } from '../../checkpoint/index.js';
import { type RowsShape, rowLengthOf, SampleRows } from '../../stored-variables/index.js';
import { allEnded } from '../all-ended.js';
import type { TaskContext } from '../context.js';
import type { Owned } from '../owned.js';

/** Files of rows per sample: the ones that the stage reads of the round before, and those that it writes. */
export interface Files {
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

/** Whether the job keeps a multiplier beside each stored variable. */
export function hasMultipliers({ method }: ResolvedSpec): boolean {
  const { coupling } = method.stored;
  return coupling !== null && COUPLINGS[coupling].hasMultiplier;
}

/** Opens the files of a stage for one round. */
export async function openFiles(
  context: TaskContext,
  run: RunDescription,
  stage: StageDescription,
  checkpoint: Checkpoint | null,
  owned: Owned,
): Promise<Files> {
  const { spec, dataset, inputs } = context.assignment;
  const samples = trainSamples(spec, dataset);
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
export async function eachWritten(
  { written }: Files,
  store: (draft: SpoolDraft) => Promise<TaskOutput>,
): Promise<Record<string, TaskOutput>> {
  const stored = [...written].map(async ([name, { rows, draft }]) => {
    rows.flush();
    return [name, await store(draft)] as const;
  });
  return Object.fromEntries(await allEnded(stored));
}
