import type { NetworkDescription } from './description.js';
import { blockGroups, type ModelFamily, type ModelSize } from './resnet.js';

/** A parameter's place in the network of half the depth, from which a refined network starts. */
export interface Origin {
  /** Null: it has none there, and starts from random values. */
  readonly name: string | null;
  /** Its values there, or the random ones, are multiplied by this. */
  readonly factor: number;
}

const BLOCK = /^block(\d+)\/(.+)$/;
/** Parameters in which a branch is linear, by what follows the name of the block: half of them, half the branch. */
const LAST_OF_BRANCH: Readonly<Record<ModelFamily, RegExp | null>> = {
  resnet: /^norm2\/(gamma|beta)$/,
  'wide-resnet': /^conv2\/kernel$/,
  'imagenet-resnet': null,
  'ode-resnet': null,
};
const SAME = { factor: 1 };

/** The depth of the network with half the blocks in each group; null where the family has none. */
export function halfDepth({ family, depth }: Pick<ModelSize, 'family' | 'depth'>): number | null {
  if (LAST_OF_BRANCH[family] === null) return null;
  const blocks = blockGroups(family, depth)?.[0] ?? 1;
  const rest = depth - 6 * blocks;
  return blocks % 2 === 0 ? rest + 3 * blocks : null;
}

/** The depth of the network with twice the blocks in each group, of a family that refines. */
export function doubleDepth({ family, depth }: Pick<ModelSize, 'family' | 'depth'>): number {
  return depth + 6 * (blockGroups(family, depth)?.[0] ?? 0);
}

/**
 * Parameters of a network by those of one with half the blocks: block x + hF(x) becomes two blocks with its kernels, of
 * half the h each, so the function differs by O(h). A block that changes the shape stays whole, and a block whose branch
 * is 0 follows it, which changes nothing. Multilevel training as in arXiv:1710.10348 (Chang et al.), whose h is the factor of
 * each branch; ours is in the last batch norm of a branch, or in its last kernel.
 * @param network that of `model`, which has twice the blocks
 * @throws RangeError if no network has half of its blocks
 */
export function originsIn(model: ModelSize, network: NetworkDescription): (name: string) => Origin {
  const last = LAST_OF_BRANCH[model.family];
  if (last === null || halfDepth(model) === null)
    throw new RangeError(`no ${model.family} has half the blocks of depth ${model.depth}`);
  const whole = network.blocks.map(({ layers }) =>
    layers.some((layer) => layer.op === 'residual' && layer.shortcut.length > 0),
  );
  return (name) => {
    const [, digits, rest = ''] = BLOCK.exec(name) ?? [];
    if (digits === undefined) return { name, ...SAME };
    const block = Number(digits);
    const source = `block${Math.floor(block / 2)}/${rest}`;
    if (whole[block]) return { name: source, ...SAME };
    const isLast = last.test(rest);
    // The second of a pair whose first changes the shape.
    if (block % 2 === 1 && whole[block - 1]) return { name: null, factor: isLast ? 0 : 1 };
    return { name: source, factor: isLast ? 0.5 : 1 };
  };
}
