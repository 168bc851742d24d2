import { MODEL_VARIANTS } from '../../contract/client/models.js';
import { servingOutput, type TaskSuccess } from '../../contract/trainer-protocol.js';
import { inputShape } from '../../network/index.js';
import { STRATA_VERSION } from '../process/version.js';
import type { Transaction } from '../store/connection/database.js';
import { factsOf } from '../store/dataset-facts.js';
import { newId } from '../store/ids.js';
import { insertModel } from '../store/models.js';
import { trainedIn } from '../store/runtimes.js';

/** Creates the model of a job, in the transaction that lets the job succeed. @returns its id */
export async function makeModel(
  tx: Transaction,
  jobId: string,
  { result, outputs }: TaskSuccess,
): Promise<string> {
  const job = await tx.job.findUniqueOrThrow({
    where: { id: jobId },
    select: { name: true, spec: true, dataset: true, initial: true, actor: true },
  });
  const spec = job.spec;
  const { family, depth } = spec.model;
  const id = newId('model');
  const serving = MODEL_VARIANTS.flatMap((variant) => {
    const uri = outputs[servingOutput(variant)]?.uri;
    return uri === undefined ? [] : [[variant, uri] as const];
  });
  await insertModel(tx, jobId, {
    id,
    // Tags are unique within a name. Models without a name would share their tags.
    name: job.name || `${job.dataset.name}-${family}-${depth}`,
    image: inputShape(spec, factsOf(job.dataset)),
    accuracy: result.test_accuracy ?? 0,
    serving: Object.fromEntries(serving),
    strataVersion: STRATA_VERSION,
    provenance: {
      dataset_sha256: job.dataset.sha256,
      initial_weights: (job.initial ?? []).map((uri) => uri.slice('sha256:'.length)),
      actor: job.actor,
      environments: await trainedIn(tx, jobId),
    },
  });
  return id;
}
