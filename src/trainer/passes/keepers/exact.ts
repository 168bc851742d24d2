import type { Keeper } from './keeper.js';

/** The features themselves. */
export const exactKeeper: Keeper = { keep: (features) => ({ restore: () => features }) };
