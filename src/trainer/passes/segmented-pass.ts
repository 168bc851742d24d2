import { MEMORY_POLICIES, type PassMemory } from '../../method/index.js';
import { type Layer, type Segment, segmentsOf } from '../../network/index.js';
import { arena, DType, free, type Tensor } from '../runtime/index.js';
import type { InnerPass } from './operations/index.js';
import type { TrainingContext } from './pass.js';
import { layersPass } from './train-pass.js';

/**
 * `layersPass`, but where the memory policy computes features again. A segment then frees all but its output, and its
 * pullback begins with the same forward pass: the same kernels on the same values, so the same gradients, bitwise. Masks of
 * dropout are functions of the step, and batch norms have no running statistics that a second pass could change.
 */
export function segmentedPass(
  layers: readonly Layer[],
  input: Tensor,
  context: TrainingContext,
  wantsInputGradient: boolean,
): InnerPass {
  const { memory } = context;
  if (!memory || !MEMORY_POLICIES[memory.policy].recomputes)
    return layersPass(layers, input, context, wantsInputGradient);
  const passes: InnerPass[] = [];
  let output = input;
  for (const [index, segment] of segmentsOf(layers, maxValuesOf(memory, input)).entries()) {
    const wants = wantsInputGradient || index > 0;
    const pass = segment.recomputed ? repeatedPass(segment, output, context, wants) : null;
    passes.push(pass ?? layersPass(segment.layers, output, context, wants));
    output = passes.at(-1)!.output;
  }
  return { output, pullback: (cotangent, from) => pullThrough(passes, from, cotangent) };
}

/** @param input [B,...] */
function maxValuesOf({ maxBytes }: PassMemory, { shape, dtype }: Tensor): number | null {
  const bytes = dtype === DType.float32 ? 4 : 2;
  return maxBytes === null ? null : maxBytes / bytes / shape[0]!;
}

/** Keeps nothing but the output until it is pulled back. */
function repeatedPass(
  { layers }: Segment,
  input: Tensor,
  context: TrainingContext,
  wantsInputGradient: boolean,
): InnerPass {
  const output = arena(() => layersPass(layers, input, context, wantsInputGradient).output);
  return {
    output,
    pullback: (cotangent, from) => {
      free(output);
      return layersPass(layers, from, context, wantsInputGradient).pullback(cotangent, from);
    },
  };
}

function pullThrough(passes: readonly InnerPass[], input: Tensor, cotangent: Tensor): Tensor | null {
  let current: Tensor | null = cotangent;
  for (const [index, pass] of [...passes.entries()].toReversed()) {
    const next: Tensor | null = pass.pullback(current!, passes[index - 1]?.output ?? input);
    if (current !== cotangent) free(current!);
    current = next;
  }
  return current;
}
