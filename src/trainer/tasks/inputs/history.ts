import { METRICS_INPUT, type MetricHistory } from '../../../contract/trainer-protocol.js';
import { decodeHistory } from '../../documents/index.js';
import type { TaskContext } from '../context.js';

/**
 * Reads the metrics that the worker stored. Read them soon: garbage collection deletes the blob after some minutes.
 */
export async function readHistory({ assignment, blobs }: TaskContext): Promise<MetricHistory> {
  const uri = assignment.inputs[METRICS_INPUT];
  return uri === undefined
    ? { at: new Date(0).toISOString(), series: [] }
    : decodeHistory(await blobs.get(uri));
}
