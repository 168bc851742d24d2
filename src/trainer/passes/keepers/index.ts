import type { MemoryPolicy } from '../../../method/index.js';
import { bfloat16Keeper } from './bfloat16.js';
import { exactKeeper } from './exact.js';
import { int8Keeper } from './int8.js';
import type { Keeper } from './keeper.js';

export type { Keeper, Kept } from './keeper.js';

/** The keeper of each memory policy. Features that are computed again are not kept (segmented-pass.ts). */
export const KEEPERS: Readonly<Record<MemoryPolicy, Keeper>> = {
  stash: exactKeeper,
  recompute: exactKeeper,
  bfloat16: bfloat16Keeper,
  int8: int8Keeper,
};
