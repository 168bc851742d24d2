import type { ArtifactOutput } from '../../contract/trainer-protocol.js';
import { candidatesAfter, rankEvaluated } from '../../planning/stopping/select-best.js';
import { type RestartPoint, roundPoints } from '../../planning/tasks/restart-points.js';
import { insertArtifacts } from '../store/artifacts.js';
import type { Transaction } from '../store/connection/database.js';
import { KEPT_CHECKPOINTS, readKeptWeights } from '../store/kept-weights.js';
import type { JobWithDataset } from '../store/models.js';
import { valuesOfEvaluations } from '../store/task-cuts.js';

/**
 * Makes artifacts of the rounds that `selection.checkpoints` of a locked job keeps, in the transaction that ends it: from then on
 * nothing else refers to their weights.
 */
export async function keepCheckpoints(
  tx: Transaction,
  { id: jobId, tenant, spec, earlyEnd }: JobWithDataset,
): Promise<void> {
  // Jobs of earlier versions have neither field.
  const { best = 0, latest = 0 } = spec.selection?.checkpoints ?? {};
  if (best + latest === 0) return;
  const kept = await readKeptWeights(tx, tenant, jobId);
  if (kept === null) throw new Error(`the locked job ${jobId} exists`);
  const whole = roundPoints(kept).filter(({ startsJobs }) => startsJobs);
  const points = whole.toSorted((a, b) => a.step - b.step);
  const values = await valuesOfEvaluations(tx, jobId, spec.selection.metric);
  const candidates = candidatesAfter(spec, kept.facts, earlyEnd?.round ?? null);
  const evaluated = candidates.map((one) => ({ ...one, value: values.get(one.key) ?? null }));
  const names = new Set([
    ...rankEvaluated(spec.selection, evaluated)
      .slice(0, best)
      .map(({ checkpoint }) => checkpoint),
    ...points.slice(Math.max(0, points.length - latest)).map(({ name }) => name),
  ]);
  const artifacts = points.filter(({ name }) => names.has(name)).flatMap(artifactsOf);
  await insertArtifacts(tx, jobId, artifacts);
}

/** A task of several stages has a state of each. */
function artifactsOf({ name, parts }: RestartPoint): ArtifactOutput[] {
  return parts.map(({ task, stage, uri, sizeBytes }) => {
    const isAlone = parts.filter((other) => other.task === task).length === 1;
    return {
      name: `${KEPT_CHECKPOINTS}${name}/${task}${isAlone ? '' : `-of-stage-${stage}`}.safetensors`,
      kind: 'weights',
      media_type: 'application/octet-stream',
      uri,
      size_bytes: sizeBytes,
    };
  });
}
