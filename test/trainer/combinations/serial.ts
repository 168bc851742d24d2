import { JOB_DEFAULTS } from '../../../src/contract/generated/defaults.js';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import { describeMethod, MEMORY_POLICIES, methodsWith, passMemory } from '../../../src/method/index.js';

const [SERIAL = 'backprop'] = methodsWith(({ isSerial }) => isSerial === true);

/**
 * The job that trains the same network as one stage, by plain back-propagation, where a job must end in bitwise its weights:
 * jobs of one stage, and jobs whose stages exchange messages until the gradient is exact (docs/method.md). Null for others.
 */
export function serialJob(spec: ResolvedSpec): ResolvedSpec | null {
  const { method, optimizer } = spec;
  if (!MEMORY_POLICIES[passMemory(method).policy].isExact) return null;
  const isExact =
    describeMethod(method).exchangesWithinBatch && method.message_rounds === 2 * method.stages - 1;
  // Stages shorten gradients of their own to clip_norm.
  if (method.stages > 1 && (!isExact || optimizer.clip_norm !== null)) return null;
  const { heads, stored, stream, corrections, auxiliary, sparsity } = JOB_DEFAULTS.method;
  const blocks = method.split.reduce((sum, count) => sum + count, 0);
  return {
    ...spec,
    method: {
      ...method,
      ...{ heads, stored, stream, corrections, auxiliary, sparsity },
      ...{ type: SERIAL, stages: 1, split: [blocks], penalty: 'auto', memory: null, message_rounds: null },
      memory_bytes: null,
      warm_start_epochs: 0,
    },
  };
}

/** The same job with whole batches. */
export const wholeBatches = (spec: ResolvedSpec): ResolvedSpec => ({
  ...spec,
  optimizer: { ...spec.optimizer, gradient_accumulation_steps: 1 },
});
