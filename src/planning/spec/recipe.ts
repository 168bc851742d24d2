import { RECIPES } from '../../contract/recipes.js';
import type { JobSpec } from '../../contract/spec.js';
import type { Problems } from './problems.js';

/** Refuses a recipe that does not exist. The values of one that does are in the spec already (contract/recipes.ts). */
export function checkRecipe({ recipe }: Pick<JobSpec, 'recipe'>, report: Problems): void {
  if (recipe === null || Object.hasOwn(RECIPES, recipe)) return;
  report('/recipe', `there is no recipe '${recipe}'; available: ${Object.keys(RECIPES).join(', ')}`);
}
