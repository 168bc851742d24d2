import type { components } from '../../contract/generated/openapi.js';
import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import { endToEndStepsOf, roundsOf, stepsOf } from '../../method/rounds.js';
import { maxReplicas } from './method/end-to-end.js';
import { optimizerMemory } from './optimizer.js';

export type SpecWarning = components['schemas']['JobPlan']['warnings'][number];

/** Choices of a job that are known to cost accuracy, each with the remedy. The job runs as it says. */
export function warningsOf(spec: ResolvedSpec, dataset: DatasetFacts): SpecWarning[] {
  return [...replicaWarnings(spec, dataset), ...stageReplicaWarnings(spec, dataset)];
}

function replicaWarnings({ method, ...spec }: ResolvedSpec, dataset: DatasetFacts): SpecWarning[] {
  const { end_to_end_replicas: replicas, end_to_end_share: share } = method;
  const steps = endToEndStepsOf(stepsOf(spec, dataset).totalSteps, share);
  const max = maxReplicas(steps, optimizerMemory(spec.optimizer));
  if (replicas <= max) return [];
  const message = `${tooMany(replicas, 'an end-to-end phase', steps)} Use ${max} or null, or a greater end_to_end_share.`;
  return [{ pointer: '/method/end_to_end_replicas', message }];
}

function stageReplicaWarnings(spec: ResolvedSpec, dataset: DatasetFacts): SpecWarning[] {
  const { stageReplicas: replicas, parallelSteps: steps } = roundsOf(spec, dataset);
  const max = maxReplicas(steps, optimizerMemory(spec.optimizer));
  if (replicas <= max) return [];
  const message = `${tooMany(replicas, 'a layer-parallel phase', steps)} Use ${max}, or more epochs.`;
  return [{ pointer: '/method/replicas', message }];
}

function tooMany(replicas: number, phase: string, steps: number): string {
  return (
    `${replicas} replicas are too many for ${phase} of ${steps} steps: each makes so few that its optimizer's mean ` +
    'gradient hardly renews itself, which cost 1 to 5 points of accuracy in our studies.'
  );
}
