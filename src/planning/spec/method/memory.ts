import type { ResolvedMethod } from '../../../contract/spec.js';
import { accumulatedParts } from '../../../method/accumulation.js';
import { DEFAULT_MEMORY, MEMORY_POLICIES, type MemoryPolicy } from '../../../method/memory.js';
import { isPipelined } from '../../../method/methods.js';
import { layersOfRange, wholeNetwork } from '../../../network/description.js';
import { splitFrozen } from '../../../network/frozen.js';
import type { Layer } from '../../../network/layers.js';
import { leastKept } from '../../../network/segments.js';
import { ACTIVATION_BYTES } from '../../costs/pass-facts.js';
import type { Problems } from '../problems.js';
import type { MethodFacts, MethodSpec } from './facts.js';

const POLICIES = Object.keys(MEMORY_POLICIES) as MemoryPolicy[];

/** Policy and budget of the passes. @param trainsJoined whether some steps train the joined network */
export function resolveMemory(
  spec: MethodSpec,
  facts: MethodFacts,
  trainsJoined: boolean,
  report: Problems,
): Pick<ResolvedMethod, 'memory' | 'memory_bytes'> {
  const { method, precision } = spec;
  const memory = method.memory ?? DEFAULT_MEMORY;
  const { bytes } = MEMORY_POLICIES[memory];
  if (precision !== 'auto' && bytes !== null && bytes >= ACTIVATION_BYTES[precision])
    report('/method/memory', `saves nothing with precision ${precision}; use ${DEFAULT_MEMORY}`);
  checkBytes(spec, memory, facts, trainsJoined, report);
  return { memory, memory_bytes: method.memory_bytes };
}

function checkBytes(
  spec: MethodSpec,
  memory: MemoryPolicy,
  facts: MethodFacts,
  trainsJoined: boolean,
  report: Problems,
): void {
  const { memory_bytes: most, type } = spec.method;
  if (most === null) return;
  const pointer = '/method/memory_bytes';
  const having = POLICIES.filter((policy) => MEMORY_POLICIES[policy].recomputes).join(', ');
  if (!MEMORY_POLICIES[memory].recomputes) {
    report(pointer, `is only for method.memory ${having}; use it, or null`);
  } else if (isPipelined({ type, stages: facts.stages })) {
    report(pointer, `has no meaning for stages of ${type}, which keep inputs alone; use null`);
  } else {
    const least = leastBytes(spec, facts, trainsJoined);
    if (most < least)
      report(
        pointer,
        `must be at least ${least}, or use more stages, more parts of a batch, or a smaller batch`,
      );
  }
}

/** The fewest bytes of features that every pass of the run can do with. */
function leastBytes(
  { batch_size: batch, optimizer, precision }: MethodSpec,
  { network, split, stages }: MethodFacts,
  trainsJoined: boolean,
): number {
  const images = batch / accumulatedParts(optimizer);
  const bytes = ACTIVATION_BYTES[precision === 'auto' ? 'float32' : precision];
  let end = 0;
  const ofStages = split.map((blocks) => {
    end += blocks;
    return layersOfRange(network, end - blocks, end);
  });
  const passes: (readonly Layer[])[] = [
    ...ofStages,
    ...(stages === 1 || trainsJoined ? [wholeNetwork(network)] : []),
  ];
  return Math.max(
    ...passes.map((layers) => Math.ceil(images * bytes * leastKept(splitFrozen(layers).trained))),
  );
}
