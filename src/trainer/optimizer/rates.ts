import type { ResolvedSpec } from '../../contract/spec.js';
import { blockGroups, type ParameterSpec } from '../../network/index.js';

/** Factor of the learning rate of a parameter. */
export type RateFactor = (parameter: Pick<ParameterSpec, 'name'>) => number;

/**
 * Factors by place in the network (docs/method.md, "Training settings"): of B blocks, block b has decay^(B-1-b), the stem
 * decay^B, and heads have their own. They follow from the name alone, so they do not depend on the split into stages.
 * @returns null where every factor is 1
 */
export function rateFactors({
  optimizer,
  model,
}: Pick<ResolvedSpec, 'optimizer' | 'model'>): RateFactor | null {
  const { rates } = optimizer;
  if (!rates) return null;
  const blocks = (blockGroups(model.family, model.depth) ?? []).reduce((sum, count) => sum + count, 0);
  return ({ name }) => {
    const [, part = '', index = ''] = /^(stem|block|head)(\d*)\//.exec(name) ?? [];
    if (part === 'head') return rates.head;
    if (part === 'stem') return rates.decay_per_block ** blocks;
    return part === 'block' ? rates.decay_per_block ** (blocks - 1 - Number(index)) : 1;
  };
}
