import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatasetFacts, ResolvedSpec } from '../../../src/contract/spec.js';
import {
  type BlobUri,
  INITIAL_INPUT,
  METRICS_INPUT,
  type MetricSample,
  type TaskSuccess,
} from '../../../src/contract/trainer-protocol.js';
import { type PlannedTask, planTasks } from '../../../src/planning/tasks/task-graph.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { createFolderStore } from '../../../src/storage/folder-store.js';
import { runTask } from '../../../src/trainer/tasks/run-task.js';
import { storeMnist } from './small-mnist.js';

export interface PlanRun {
  readonly successes: ReadonlyMap<string, TaskSuccess>;
  readonly samples: readonly MetricSample[];
  readonly blobs: BlobStore;
}

/**
 * Runs a job's task graph in this process, in the order of the plan: the trainer without the service. The whole of
 * it, or the tasks that are `wanted`; on the `given` dataset, or on a smaller MNIST; from `initial` weights where the spec
 * has `init_from`.
 */
export async function runPlan(
  spec: ResolvedSpec,
  blobs: BlobStore,
  onTask: (task: PlannedTask, success: TaskSuccess) => void = () => {},
  wanted: (task: PlannedTask) => boolean = () => true,
  given?: DatasetFacts,
  initial: readonly BlobUri[] = [],
): Promise<PlanRun> {
  const dataset = given ?? (await storeMnist(blobs));
  const successes = new Map<string, TaskSuccess>();
  const samples: MetricSample[] = [];
  const started = Object.fromEntries(initial.map((uri, index) => [`${INITIAL_INPUT}${index}`, uri]));
  for (const task of planTasks(spec, dataset).filter(wanted)) {
    const success = await runTask({
      assignment: {
        task_id: task.key,
        job_id: 'job',
        attempt: 1,
        kind: task.kind,
        stage: task.stage,
        round: task.round,
        replica: task.replica,
        spec,
        dataset,
        inputs: { ...started, ...inputsOf(task, successes), ...(await historyFor(task, samples, blobs)) },
      },
      blobs,
      now: () => performance.now(),
      progress: () => {},
      metrics: (points) => samples.push(...points),
      betweenSteps: async () => {},
      // The kernels work on any CPU, emulated where it lacks the instructions.
      bfloat16: true,
    });
    successes.set(task.key, success);
    onTask(task, success);
  }
  return { successes, samples, blobs };
}

/** The metrics so far that a worker gives to a finalizer and to evaluations, a second apart. */
async function historyFor(
  { kind }: PlannedTask,
  samples: readonly MetricSample[],
  blobs: BlobStore,
): Promise<Record<string, BlobUri>> {
  if (kind !== 'finalize' && kind !== 'evaluate') return {};
  const keyOf = ({ name, stage }: MetricSample) => `${name}/${stage}`;
  const series = [...new Set(samples.map(keyOf))].map((key) => {
    const own = samples.filter((sample) => keyOf(sample) === key);
    const points = own.map(({ step, value }) => [step, value, new Date(1e12 + 1000 * step).toISOString()]);
    return { name: own[0]!.name, stage: own[0]!.stage, points };
  });
  const history = { at: new Date(2e12).toISOString(), series };
  return { [METRICS_INPUT]: (await blobs.put(Buffer.from(JSON.stringify(history)))).uri };
}

function inputsOf(task: PlannedTask, successes: ReadonlyMap<string, TaskSuccess>): Record<string, BlobUri> {
  return Object.fromEntries(
    Object.entries(task.inputs).map(([name, { task: producer, output }]) => [
      name,
      successes.get(producer)!.outputs[output]!.uri,
    ]),
  );
}

/** A blob store in a fresh folder, removed when `body` ends. */
export function withBlobs<T>(body: (blobs: BlobStore) => Promise<T>): Promise<T> {
  return withFolder(({ blobs }) => body(blobs));
}

export async function withFolder<T>(
  body: (place: { readonly folder: string; readonly blobs: BlobStore }) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'strata-trainer-'));
  try {
    return await body({ folder, blobs: createFolderStore(folder) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
