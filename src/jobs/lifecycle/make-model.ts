import { MODEL_VARIANTS } from '../../contract/client/models.js';
import { servingOutput, type TaskOutput, type TaskSuccess } from '../../contract/trainer-protocol.js';
import { inputShape } from '../../network/index.js';
import { endOfTraining } from '../../planning/tasks/extension.js';
import type { InputReference } from '../../planning/tasks/task-graph.js';
import { STRATA_VERSION } from '../process/version.js';
import type { Transaction } from '../store/connection/database.js';
import { factsOf } from '../store/dataset-facts.js';
import { newId } from '../store/ids.js';
import type { JobWithDataset, NewModel } from '../store/models.js';
import { trainedIn } from '../store/runtimes.js';

/**
 * The model of a job that succeeds with this task. A job that makes a model again has none of its own.
 * @returns what `insertModel` stores in the same transaction
 */
export async function plannedModel(
  tx: Transaction,
  job: JobWithDataset,
  { result, outputs }: TaskSuccess,
): Promise<NewModel | null> {
  if (job.reproduces !== null) return null;
  const spec = job.spec;
  const { family, depth } = spec.model;
  const serving = MODEL_VARIANTS.flatMap((variant) => {
    const uri = outputs[servingOutput(variant)]?.uri;
    return uri === undefined ? [] : [[variant, uri] as const];
  });
  const facts = factsOf(job.dataset);
  const states = endOfTraining(spec, facts, job.earlyEnd?.round ?? null);
  return {
    id: newId('model'),
    // Tags are unique within a name. Models without a name would share their tags.
    name: job.name || `${job.dataset.name}-${family}-${depth}`,
    image: inputShape(spec, facts),
    accuracy: result.test_accuracy ?? 0,
    serving: Object.fromEntries(serving),
    strataVersion: STRATA_VERSION,
    provenance: {
      dataset_sha256: job.dataset.sha256,
      initial_weights: (job.initial ?? []).map((uri) => uri.slice('sha256:'.length)),
      actor: job.actor,
      environments: await trainedIn(tx, job.id),
    },
    states: await outputsOf(tx, job.id, states),
  };
}

/** The blobs among these outputs. */
async function outputsOf(
  tx: Transaction,
  jobId: string,
  wanted: ReadonlyMap<string, InputReference>,
): Promise<ReadonlyMap<string, TaskOutput>> {
  const key = { in: [...new Set([...wanted.values()].map(({ task }) => task))] };
  const tasks = await tx.task.findMany({ where: { jobId, key }, select: { key: true, outputs: true } });
  const outputs = new Map(tasks.map((task) => [task.key, task.outputs]));
  return new Map(
    [...wanted].flatMap(([name, { task, output }]) => {
      const made = outputs.get(task)?.[output];
      return made?.uri.startsWith('sha256:') ? [[name, made] as const] : [];
    }),
  );
}
