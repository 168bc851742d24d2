import type { BlobUri } from '../../contract/blob-uri.js';
import { FITTED_INPUT, INITIAL_INPUT, replicaInput } from '../../contract/trainer-protocol.js';
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
  const states = parts.map((part) => [inputOf(part, parts), part.uri] as const);
  const started = initial.map((uri, index) => [`${INITIAL_INPUT}${index}`, uri] as const);
  const inputs = Object.fromEntries([...states, ...started]);
  return kind === 'final' ? { ...inputs, [FITTED_INPUT]: parts[0]!.uri } : inputs;
}

/** A part of no stage is a whole network. Where there are several of the same stage, they are of replicas, in their order. */
function inputOf(part: RestartPart, parts: readonly RestartPart[]): string {
  const input = part.stage === null ? 'state' : `state-${part.stage}`;
  const replicas = parts.filter(({ stage }) => stage === part.stage);
  return replicas.length === 1 ? input : replicaInput(input, replicas.indexOf(part));
}

/** Whether the end of a job fits a compact network: the last AuxNet in front of the last stage. */
export function hasCompact({ spec: { method } }: Pick<KeptWeights, 'spec'>): boolean {
  return hasAuxiliary(method, method.stages - 1);
}
