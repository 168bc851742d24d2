import {
  accumulatedParts,
  countBefore,
  messagesTo,
  type RunDescription,
  stageOutputs,
  stageRange,
} from '../../../method/index.js';
import type { StageDescription } from '../../../network/index.js';
import type { Checkpoint } from '../../checkpoint/index.js';
import { type SpoolHeader, SpoolReader, SpoolWriter } from '../../messages/index.js';
import { requiredInput, type TaskContext } from '../context.js';
import type { Owned } from '../owned.js';

/** A message to a neighbor with one tensor per pass: g_k upstream, or o_k downstream. */
export interface Spool {
  readonly name: 'corrections' | 'features';
  readonly writer: SpoolWriter;
}

/** The file that this stage's input gradients or its outputs go to, if its method sends either. */
export async function openSpool(
  context: TaskContext,
  run: RunDescription,
  stage: StageDescription,
  checkpoint: Checkpoint | null,
  owned: Owned,
): Promise<Spool | null> {
  const { spec, job_id, task_id, attempt, round, replica } = context.assignment;
  const outputs = stageOutputs(spec.method, stage.index);
  const name = (['corrections', 'features'] as const).find((known) => outputs.includes(known));
  if (!name) return null;
  const { height, width, channels } =
    name === 'corrections' ? stage.input : run.stages[stage.index + 1]!.input;
  const key = `${job_id}/${task_id}-a${attempt}/${name}`;
  const draft = await context.blobs.createSpool(key, checkpoint?.spool ?? undefined);
  owned.add(draft, () => draft.discard());
  const steps = stageRange(run.rounds, round ?? 0, replica);
  const { precision, filter } = spec.method.corrections;
  const parts = accumulatedParts(spec.optimizer);
  const header: SpoolHeader = {
    ...{ precision, filter, shape: [spec.batch_size / parts, height, width, channels] },
    steps: { start: parts * steps.start, end: parts * steps.end },
    ...(steps.stride !== undefined && { stride: parts * steps.stride, passes: parts }),
  };
  const written = checkpoint ? parts * countBefore(steps, checkpoint.step) : 0;
  const writer = new SpoolWriter(draft, header, written);
  owned.add(writer, () => writer.close());
  return { name, writer };
}

/** The true features on which this stage trains, if its method sends them. */
export async function openFeatures(
  context: TaskContext,
  { index }: StageDescription,
  owned: Owned,
): Promise<SpoolReader | null> {
  const isSent = messagesTo(context.assignment.spec.method, index).some(({ input }) => input === 'features');
  return isSent ? readSpool(context, 'features', owned) : null;
}

export async function readSpool(
  context: TaskContext,
  input: Spool['name'],
  owned: Owned,
): Promise<SpoolReader> {
  const uri = requiredInput(context, input);
  const reader = new SpoolReader(await context.blobs.openArriving(uri), uri);
  return owned.add(reader, () => reader.close());
}
