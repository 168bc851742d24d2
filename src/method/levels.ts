import type { ResolvedMethod } from '../contract/spec.js';
import { halfDepth, type ModelSize } from '../network/index.js';

/**
 * Levels of a job, whose first steps train a network with half, a quarter or an eighth of the blocks (docs/method.md, "Levels").
 * Jobs of earlier versions have no such field.
 */
type Leveled = Partial<Pick<ResolvedMethod, 'levels'>>;

/** Number of levels; 1 trains the network of `model` from the start. */
export function countLevels({ levels }: Leveled): number {
  return levels?.count ?? 1;
}

/** The share of the layer-parallel steps of each level but the last: equal ones where the job names none. */
export function levelShares(levels: ResolvedMethod['levels']): number[] {
  const { count, shares } = levels;
  return shares ? [...shares] : Array.from({ length: count - 1 }, () => 1 / count);
}

/**
 * The first step of each level but the first.
 * @param start first step of the layer-parallel phase, which has `steps`
 */
export function levelStarts(method: Leveled, start: number, steps: number): number[] {
  if (!method.levels || method.levels.count === 1) return [];
  let share = 0;
  return levelShares(method.levels).map((own) => {
    share += own;
    return start + Math.round(share * steps);
  });
}

/** Why more epochs cannot continue a job, with the remedy; null if they can. */
export function extensionObstacle(method: Leveled): string | null {
  return countLevels(method) > 1
    ? 'It trained over levels, whose rounds more epochs would move. Start a job from its model.'
    : null;
}

/** Number of blocks of the network of `model` for each block of the first level. */
export const coarsestFactor = (method: Leveled): number => 2 ** (countLevels(method) - 1);

/** The network `levels` levels above that of `model`, with half its blocks at each. @throws RangeError where there is none */
export function coarserModel<Model extends ModelSize>(model: Model, levels: number): Model {
  let { depth } = model;
  for (let level = 0; level < levels; level++) {
    const half = halfDepth({ family: model.family, depth });
    if (half === null) throw new RangeError(`no ${model.family} has half the blocks of depth ${depth}`);
    depth = half;
  }
  return { ...model, depth };
}
