/**
 * A trainer without mathematics: it speaks src/contract/trainer-protocol.ts, reads every input, and writes tiny
 * outputs that depend on nothing but its assignment. Tests steer it by files in FAKE_TRAINER_DIR, where `<name>` is
 * the task's kind, stage, round and replica joined by dashes (`stage-1-0`, `finalize`):
 * - of a gang, the name ends with the member (`stage-1-m0`); members are connected as real ones are (fake-gang.ts);
 * - `cut-<name>` cuts the streams of a member that waits, and is used up by that;
 * - it writes `started-<name>-a<attempt>`, holding its pid, before it works;
 * - while `hold-<name>` exists it waits, metrics reported and outputs not yet;
 * - asked for a checkpoint while it waits, a stage or end-to-end task writes a tiny one; asked to stop, it stops;
 * - it writes `from-<name>-a<attempt>`, holding the checkpoint it was given, or nothing;
 * - `warn-<name>` holds the message of a warning, of every task of this name;
 * - `fail-<name>` holds the error code to fail with; `crash-<name>` lets it exit; both are used up by that;
 * - finalize stores weights.safetensors if FAKE_TRAINER_WEIGHTS is set, with another byte where `change-weights` exists;
 * - `assemble` makes a network that tells dark images from bright ones;
 * - every task takes FAKE_TRAINER_MS milliseconds, if that is set;
 * - `print-<name>` holds what to print on stderr, also used up; `die-<name>` the same, and then SIGKILL.
 */
import { existsSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeManifest } from '../../../src/contract/dataset-manifest.js';
import type { NetworkProfile } from '../../../src/contract/network-profile.js';
import { encodeSafetensorsFile } from '../../../src/contract/safetensors.js';
import {
  type ArtifactOutput,
  FINAL_WEIGHTS,
  type FromTrainer,
  type MetricSample,
  type TaskAssignment,
  type TaskOutput,
  type TaskSuccess,
  type TaskWarning,
  type ToTrainer,
} from '../../../src/contract/trainer-protocol.js';
import { describeRun } from '../../../src/method/index.js';
import { planTasks } from '../../../src/planning/tasks/task-graph.js';
import { openBlobStore } from '../../../src/storage/open.js';
import { failureOf } from '../../../src/trainer/tasks/failure.js';
import { brightness } from '../../predictor/linear-model.js';
import { FakeGang } from './fake-gang.js';
import { RUNTIME } from './runtime.js';

const blobs = openBlobStore(process.env.STRATA_BLOB_URL ?? '');
const folder = process.env.FAKE_TRAINER_DIR ?? '';
const send = (message: FromTrainer): void => void process.send?.(message);

const nameOf = ({ kind, stage, round, replica }: TaskAssignment): string =>
  [kind, stage, round, replica].filter((part) => part !== null).join('-');

/** The name by which tests steer a trainer. */
const steeredBy = (assignment: TaskAssignment): string =>
  assignment.gang ? `${nameOf(assignment)}-m${assignment.gang.member}` : nameOf(assignment);

/** The task in work, and its place in a gang. */
let current: { assignment: TaskAssignment; stop: () => void } | null = null;
let gang: FakeGang | null = null;

class Stopped extends Error {}

async function released(file: string, assignment: TaskAssignment): Promise<void> {
  if (!existsSync(file)) return;
  await new Promise<void>((resolve, reject) => {
    current = { assignment, stop: () => reject(new Stopped()) };
    const look = (): void => {
      if (gang && take(join(folder, `cut-${steeredBy(assignment)}`)) !== null) void gang.close();
      if (existsSync(file)) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(folder, look);
    // For what was changed between the first look and the watch.
    look();
  });
}

/** The content of a file that is there to be used once. */
function take(file: string): string | null {
  if (!existsSync(file)) return null;
  const content = readFileSync(file, 'utf8');
  rmSync(file);
  return content;
}

async function train(assignment: TaskAssignment): Promise<TaskSuccess> {
  if (!assignment.gang) return work(assignment);
  const joined = new FakeGang(assignment.gang, (stops) => checkpointed(assignment, stops));
  gang = joined;
  try {
    return await Promise.race([work(assignment, joined), joined.lost]);
  } finally {
    gang = null;
    await joined.close();
  }
}

async function work(assignment: TaskAssignment, joined?: FakeGang): Promise<TaskSuccess> {
  const name = steeredBy(assignment);
  await joined?.met;
  for (const uri of Object.values(assignment.inputs)) await blobs.get(uri);
  writeFileSync(join(folder, `from-${name}-a${assignment.attempt}`), assignment.inputs.checkpoint ?? '');
  writeFileSync(join(folder, `started-${name}-a${assignment.attempt}`), String(process.pid));
  report(assignment);
  process.stderr.write(take(join(folder, `print-${name}`)) ?? '');
  const lastWords = take(join(folder, `die-${name}`));
  if (lastWords !== null) {
    process.stdout.write(lastWords);
    process.kill(process.pid, 'SIGKILL');
  }
  await delay(Number(process.env.FAKE_TRAINER_MS ?? 0));
  await released(join(folder, `hold-${name}`), assignment);
  if (take(join(folder, `crash-${name}`)) !== null) process.exit(3);
  const outputs = await writeOutputs(assignment);
  await joined?.end();
  const isFinal = assignment.kind === 'finalize';
  return {
    outputs,
    seconds: { total: 0.001 },
    artifacts: isFinal ? await writeArtifacts(assignment) : [],
    result: isFinal ? finalFigures(assignment) : {},
    warnings: warningsOf(name),
    ...(assignment.kind === 'profile' && { profile: profileOf(assignment) }),
  };
}

/** Jobs that hold out images are validated on them. */
function finalFigures({ spec }: TaskAssignment): Record<string, number> {
  const tested = { test_accuracy: 0.5, test_loss: 1, compact_accuracy: 0.4 };
  if (spec.validation_share === null || spec.validation_share === 0) return tested;
  return { ...tested, validation_accuracy: 0.6, validation_loss: 0.9 };
}

/** A millisecond a part. */
function profileOf({ spec, dataset }: TaskAssignment): NetworkProfile {
  const pass = { forward: 0.001, backward: 0.001 };
  return {
    batch: spec.batch_size,
    ...{ stem: pass, blocks: describeRun(spec, dataset).network.blocks.map(() => pass), head: pass },
    ...{ auxiliaries: [], heads: [], coupling: 0, send: 0, receive: 0, parameters: 1, update: 0 },
  };
}

function warningsOf(name: string): TaskWarning[] {
  const file = join(folder, `warn-${name}`);
  if (!existsSync(file)) return [];
  return [{ code: 'low_fidelity', message: readFileSync(file, 'utf8'), stage: 1, step: 7, value: 0.05 }];
}

const STEPS = 3;

function report({ task_id, attempt, kind, stage, round }: TaskAssignment): void {
  const samples = Array.from({ length: STEPS }, (_, index): MetricSample => {
    const step = (round ?? 0) * STEPS + index;
    return { name: 'loss', stage, step, value: 1 / (1 + step) };
  });
  if (kind === 'stage') send({ type: 'metrics', task_id, attempt, made_at_ms: Date.now(), samples });
  send({ type: 'progress', task_id, attempt, done: 1, total: 2 });
}

async function writeOutputs(assignment: TaskAssignment): Promise<Record<string, TaskOutput>> {
  const name = nameOf(assignment);
  const planned = planTasks(assignment.spec, assignment.dataset).find((task) => task.key === name);
  const outputs: Record<string, TaskOutput> = {};
  if (assignment.kind === 'assemble')
    outputs.serving_full = await blobs.put(brightness(assignment.dataset.image));
  for (const output of planned?.outputs ?? []) {
    const bytes = new TextEncoder().encode(`${assignment.job_id}/${name}/${output}`);
    if (output === 'dataset') outputs[output] = await prepareDataset(assignment);
    else
      outputs[output] =
        output === 'corrections' ? await writeSpool(assignment, output, bytes) : await blobs.put(bytes);
  }
  return outputs;
}

/** The manifest of an upload; of a built-in dataset, one with an image of each class. */
async function prepareDataset({ dataset }: TaskAssignment): Promise<TaskOutput> {
  const { name, image, classes, manifest } = dataset;
  if (manifest !== null) return { uri: manifest, size_bytes: (await blobs.get(manifest)).length };
  const size = image.height * image.width * image.channels;
  const pixels = Uint8Array.from({ length: size * classes.length }, (_, index) => (index * 7) % 256);
  const split = {
    count: classes.length,
    images: (await blobs.put(pixels)).uri,
    labels: (await blobs.put(new Uint8Array(Uint16Array.from(classes.keys()).buffer))).uri,
  };
  const perChannel = new Array<number>(image.channels).fill(1);
  const statistics = { mean: perChannel, standard_deviation: perChannel };
  const facts = { name, image, classes, ...statistics, storage: 'pixels' as const };
  return blobs.put(encodeManifest({ ...facts, splits: { train: split, test: split } }));
}

async function writeSpool(
  { job_id, task_id, attempt }: TaskAssignment,
  output: string,
  bytes: Uint8Array,
): Promise<TaskOutput> {
  const draft = await blobs.createSpool(`${job_id}/${task_id}-a${attempt}/${output}`);
  await writeFile(draft.path, bytes);
  return draft.commit();
}

async function writeReport({ job_id }: TaskAssignment): Promise<ArtifactOutput> {
  const output = await blobs.put(new TextEncoder().encode(JSON.stringify({ job_id })));
  return { ...output, name: 'report.json', kind: 'report', media_type: 'application/json' };
}

async function writeArtifacts(assignment: TaskAssignment): Promise<ArtifactOutput[]> {
  const artifacts = [await writeReport(assignment), await writeModel(assignment)];
  return process.env.FAKE_TRAINER_WEIGHTS ? [...artifacts, await writeWeights(assignment)] : artifacts;
}

/** Weights of two tensors that depend on the seed alone, unless `change-weights` is there, once. */
async function writeWeights({ spec: { seed } }: TaskAssignment): Promise<ArtifactOutput> {
  const tensor = (...values: number[]) => {
    return { dtype: 'U8', shape: [values.length], bytes: Uint8Array.from(values) } as const;
  };
  const change = take(join(folder, 'change-weights')) === null ? 0 : 1;
  const tensors = new Map([
    ['stem/conv/kernel', tensor(seed % 251, 1, 2)],
    ['head/dense/bias', tensor(3, seed % 241, change)],
  ]);
  const output = await blobs.put(encodeSafetensorsFile(tensors, null));
  return { ...output, name: FINAL_WEIGHTS, kind: 'weights', media_type: 'application/octet-stream' };
}

/** A file that no model can be loaded from: it has no `serving` outputs. */
async function writeModel({ job_id }: TaskAssignment): Promise<ArtifactOutput> {
  const output = await blobs.put(new TextEncoder().encode(`weights of ${job_id}`));
  return { ...output, name: 'full/weights.bin', kind: 'model', media_type: 'application/octet-stream' };
}

async function checkpoint(assignment: TaskAssignment): Promise<void> {
  const { job_id, task_id, attempt, kind } = assignment;
  if (kind !== 'stage' && kind !== 'end_to_end') return;
  const bytes = new TextEncoder().encode(`${job_id}/${nameOf(assignment)}/a${attempt}/checkpoint`);
  const made = { ...(await blobs.put(bytes)), step: 2, share: 0.5 };
  send({ type: 'checkpoint', task_id, attempt, checkpoint: made });
}

async function answer({ task_id, attempt, stop }: Extract<ToTrainer, { type: 'checkpoint' }>): Promise<void> {
  const held = current;
  if (held?.assignment.task_id !== task_id || held.assignment.attempt !== attempt) return;
  await checkpointed(held.assignment, stop);
}

/** The last trainer of a gang stores the checkpoint. */
async function checkpointed(assignment: TaskAssignment, stops: boolean): Promise<void> {
  if (gang && !gang.isLast) await gang.passOn(stops);
  else await checkpoint(assignment);
  if (stops) current?.stop();
}

process.on('message', (message: ToTrainer) => {
  if (message.type === 'checkpoint') return void answer(message);
  const { assignment } = message;
  const { task_id, attempt } = assignment;
  const code = take(join(folder, `fail-${steeredBy(assignment)}`));
  if (code !== null) {
    const tensor = code === 'non_finite_loss' ? 'loss' : null;
    const failure = {
      code,
      message: `told to fail with ${code}`,
      stage: assignment.stage,
      step: 5,
      tensor,
    };
    send({ type: 'failed', task_id, attempt, failure });
    return;
  }
  train(assignment).then(
    (success) => send({ type: 'succeeded', task_id, attempt, success }),
    (error: Error) => {
      if (error instanceof Stopped) return send({ type: 'stopped', task_id, attempt });
      send({ type: 'failed', task_id, attempt, failure: failureOf(error, assignment) });
    },
  );
});
process.on('disconnect', () => process.exit(0));
// Tests that need another machine say how it differs.
const runtime = { ...RUNTIME, ...JSON.parse(process.env.FAKE_TRAINER_RUNTIME ?? '{}') };
send({ type: 'ready', runtime });
