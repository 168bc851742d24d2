import type { DatasetFacts, ResolvedSpec } from '../../../src/contract/spec.js';
import { type BlobUri, INITIAL_INPUT, type TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { type PlannedTask, planTasks } from '../../../src/planning/tasks/task-graph.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { runTask } from '../../../src/trainer/tasks/run-task.js';

export interface JobRun {
  readonly spec: ResolvedSpec;
  readonly dataset: DatasetFacts;
  readonly blobs: BlobStore;
  /** States that the job starts from. */
  readonly initial?: readonly BlobUri[];
}

/** Trains a whole job in this process, task by task, on one thread. */
export async function runJob({
  spec,
  dataset,
  blobs,
  initial = [],
}: JobRun): Promise<Map<string, TaskSuccess>> {
  const given = Object.fromEntries(initial.map((uri, index) => [`${INITIAL_INPUT}${index}`, uri]));
  const successes = new Map<string, TaskSuccess>();
  for (const task of planTasks(spec, dataset)) {
    const { key, kind, stage, round, replica } = task;
    const inputs = { ...given, ...inputsOf(task, successes) };
    const assignment = {
      task_id: key,
      job_id: 'job',
      attempt: 1,
      kind,
      stage,
      round,
      replica,
      spec,
      dataset,
      inputs,
    };
    const success = await runTask({
      assignment,
      blobs,
      now: () => performance.now(),
      progress: () => {},
      metrics: () => {},
      betweenSteps: async () => {},
    });
    successes.set(key, success);
  }
  return successes;
}

function inputsOf(task: PlannedTask, successes: ReadonlyMap<string, TaskSuccess>): Record<string, BlobUri> {
  return Object.fromEntries(
    Object.entries(task.inputs).map(([name, { task: producer, output }]) => [
      name,
      successes.get(producer)!.outputs[output]!.uri,
    ]),
  );
}
