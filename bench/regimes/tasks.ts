import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatasetFacts, ResolvedSpec } from '../../src/contract/spec.js';
import type { BlobUri, TaskAssignment } from '../../src/contract/trainer-protocol.js';
import { placeOf } from '../../src/jobs/worker/tasks/gang.js';
import { type PlannedTask, planTasks } from '../../src/planning/tasks/task-graph.js';
import { type Answer, giveTask } from '../merge/trainers.js';

export interface Place {
  readonly folder: string;
  readonly dataset: BlobUri;
  readonly facts: DatasetFacts;
}

/** A task, with the answers of its trainers in their order. */
export interface Ended {
  readonly task: PlannedTask;
  readonly answers: readonly Answer[];
}

/**
 * All training tasks of a job, as workers with two slots would run them: a stage or a replica on the trainer of its number, a
 * round of a pipeline on both. None begins before those that it reads have ended.
 */
export async function runTasks(
  trainers: readonly ChildProcess[],
  spec: ResolvedSpec,
  place: Place,
): Promise<Ended[]> {
  const tasks = planTasks(spec, place.facts).filter(({ kind }) => kind === 'stage' || kind === 'end_to_end');
  const ended = new Map<string, Promise<Ended>>();
  const last = trainers.map((): Promise<unknown> => Promise.resolve());
  for (const task of tasks) {
    const isGang = spec.method.stages > 1 && task.kind === 'stage' && task.stage === null;
    const own = isGang ? trainers : [trainers[task.stage ?? task.replica ?? 0]!];
    const before = own.map((trainer) => last[trainers.indexOf(trainer)]!);
    const run = async (): Promise<Ended> => {
      await Promise.all(before);
      const inputs = await inputsOf(task, ended, place.dataset);
      return { task, answers: await runOn(own, assignmentOf(task, spec, place, inputs), place.folder) };
    };
    const result = run();
    ended.set(task.key, result);
    for (const trainer of own) last[trainers.indexOf(trainer)] = result;
  }
  return Promise.all(ended.values());
}

async function inputsOf(
  { inputs }: PlannedTask,
  ended: ReadonlyMap<string, Promise<Ended>>,
  dataset: BlobUri,
): Promise<Record<string, BlobUri>> {
  const entries = Object.entries(inputs).map(async ([name, { task, output }]) => {
    const before = await ended.get(task);
    if (!before) return [name, dataset] as const;
    return [name, before.answers.find(({ outputs }) => output in outputs)!.outputs[output]!] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

function assignmentOf(
  { key, kind, stage, round, replica }: PlannedTask,
  spec: ResolvedSpec,
  { facts: dataset }: Place,
  inputs: Record<string, BlobUri>,
): TaskAssignment {
  return { task_id: key, job_id: 'bench', attempt: 1, kind, stage, round, replica, spec, dataset, inputs };
}

async function runOn(
  trainers: readonly ChildProcess[],
  assignment: TaskAssignment,
  blobs: string,
): Promise<Answer[]> {
  if (trainers.length === 1) return [await giveTask(trainers[0]!, { assignment, blobs })];
  const folder = mkdtempSync(join(tmpdir(), 'strata-gang-'));
  const { length: members } = trainers;
  const ends = trainers.slice(1).map((_, link) => ({ path: join(folder, String(link)) }));
  try {
    return await Promise.all(
      trainers.map((trainer, member) =>
        giveTask(trainer, { assignment: { ...assignment, gang: placeOf(member, members, ends) }, blobs }),
      ),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
