import type { BlobUri } from '../../contract/blob-uri.js';
import { FITTED_INPUT, INITIAL_INPUT, REPLICA_INPUT } from '../../contract/trainer-protocol.js';
import { hasAuxiliary } from '../../method/methods.js';
import type { KeptWeights, RestartPart, RestartPoint } from './restart-points.js';

/**
 * Inputs from which a trainer assembles the network of a checkpoint, by the names that `finalize` reads, without the dataset.
 * @param initial weights that the job started from: parts that no task has trained yet still have them
 */
export function assemblyInputs(
  { kind, parts }: Pick<RestartPoint, 'kind' | 'parts'>,
  initial: readonly BlobUri[],
): Record<string, BlobUri> {
  const states = parts.map((part, index) => [inputOf(part, index, parts.length), part.uri] as const);
  const started = initial.map((uri, index) => [`${INITIAL_INPUT}${index}`, uri] as const);
  const inputs = Object.fromEntries([...states, ...started]);
  return kind === 'final' ? { ...inputs, [FITTED_INPUT]: parts[0]!.uri } : inputs;
}

/** A part of no stage is a whole network: the only one, or that of a replica. */
function inputOf({ stage }: RestartPart, index: number, count: number): string {
  if (stage !== null) return `state-${stage}`;
  return count === 1 ? 'state' : `${REPLICA_INPUT}${index}`;
}

/** Whether the end of a job fits a compact network: the last AuxNet in front of the last stage. */
export function hasCompact({ spec: { method } }: Pick<KeptWeights, 'spec'>): boolean {
  return hasAuxiliary(method, method.stages - 1);
}
