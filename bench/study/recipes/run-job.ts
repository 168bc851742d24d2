import type { DatasetFacts, ResolvedSpec } from '../../../src/contract/spec.js';
import { type BlobUri, INITIAL_INPUT, type TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { describeRun } from '../../../src/method/index.js';
import { parametersOf, wholeNetwork } from '../../../src/network/index.js';
import { type PlannedTask, planTasks } from '../../../src/planning/tasks/task-graph.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { TrainedNetwork } from '../../../src/trainer/evaluation/index.js';
import type { TaskContext } from '../../../src/trainer/tasks/context.js';
import { withReaders } from '../../../src/trainer/tasks/inputs/readers.js';
import { joinedWeights } from '../../../src/trainer/tasks/inputs/states-before.js';
import { runTask } from '../../../src/trainer/tasks/run-task.js';

export interface JobRun {
  readonly spec: ResolvedSpec;
  readonly dataset: DatasetFacts;
  readonly blobs: BlobStore;
  /** States that the job starts from. */
  readonly initial: readonly BlobUri[];
}

export interface Trained {
  /** Accuracies of the full network, shares of the images. */
  readonly validation: number;
  readonly test: number;
  /** The state at the end, where one task has all of it; else null. */
  readonly state: BlobUri | null;
}

/**
 * Trains a job in this process, task by task, and scores the full network as the last task of a job would. Evaluations
 * between rounds, AuxNet reconstruction and exports are left out.
 */
export async function runJob(job: JobRun): Promise<Trained> {
  const successes = new Map<string, TaskSuccess>();
  for (const task of planTasks(job.spec, job.dataset)) {
    if (task.kind === 'evaluate') continue;
    const context = contextOf(job, task, successes);
    if (task.kind === 'finalize') return { ...(await score(context)), state: soleState(context) };
    successes.set(task.key, await runTask(context));
  }
  throw new Error('a plan without a last task');
}

function contextOf(
  { spec, dataset, blobs, initial }: JobRun,
  task: PlannedTask,
  successes: ReadonlyMap<string, TaskSuccess>,
): TaskContext {
  const { key, kind, stage, round, replica } = task;
  const given = Object.fromEntries(initial.map((uri, index) => [`${INITIAL_INPUT}${index}`, uri]));
  const made = Object.entries(task.inputs).map(([name, { task: producer, output }]) => [
    name,
    successes.get(producer)!.outputs[output]!.uri,
  ]);
  const inputs = { ...given, ...Object.fromEntries(made) };
  return {
    assignment: {
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
    },
    blobs,
    now: () => performance.now(),
    progress: () => {},
    metrics: () => {},
    betweenSteps: async () => {},
  };
}

async function score(context: TaskContext): Promise<Pick<Trained, 'validation' | 'test'>> {
  const { spec, dataset } = context.assignment;
  const run = describeRun(spec, dataset);
  const layers = wholeNetwork(run.network);
  return await withReaders(context, async (readers) => {
    const weights = await joinedWeights(context, run, parametersOf(layers));
    const network = await TrainedNetwork.calibrate(layers, weights, readers.train, spec.seed);
    try {
      const accuracyOn = async (reader: typeof readers.test) =>
        (await network.evaluate(reader, context.betweenSteps)).accuracy;
      if (readers.validation === null) throw new Error('the study needs validation images');
      return { validation: await accuracyOn(readers.validation), test: await accuracyOn(readers.test) };
    } finally {
      network.dispose();
    }
  });
}

function soleState({ assignment: { inputs } }: TaskContext): BlobUri | null {
  return inputs.state ?? inputs['state-0'] ?? null;
}
