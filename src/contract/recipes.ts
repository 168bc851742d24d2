import type { components } from './generated/openapi.js';
import { isObject } from './is-object.js';

type JobSpec = components['schemas']['JobSpec'];

type Partly<T> = { readonly [P in keyof T]?: T[P] extends readonly unknown[] ? T[P] : Partly<T[P]> };

/** Defaults for the fields that a job leaves out. */
type RecipeDefaults = Partly<Pick<JobSpec, 'optimizer' | 'label_smoothing' | 'augmentation'>>;

/**
 * Named sets of defaults by name and version. A released version never changes, so that a job which names it can be
 * repeated: other values are another version. Each holds what the study of docs/recipes.md shows to bring something.
 */
export const RECIPES: Readonly<Record<string, RecipeDefaults>> = {
  'cifar@1': {
    optimizer: { nesterov: true, weight_decay: 5e-4 },
  },
};

/** Fields of a request body, before they are validated. */
type Fields = Readonly<Record<string, unknown>>;

/** A job with the values of its recipe in the fields that it leaves out. A job that names no known recipe stays as it is. */
export function withRecipe(job: unknown): unknown {
  if (!isObject(job) || typeof job.recipe !== 'string' || !Object.hasOwn(RECIPES, job.recipe)) return job;
  return filled(job, RECIPES[job.recipe] ?? {});
}

/** Own values win, also null. Only objects on both sides are filled field by field. */
function filled(own: Fields, defaults: Fields): Fields {
  const fields = Object.entries(defaults).map(([name, value]) => {
    if (!Object.hasOwn(own, name)) return [name, structuredClone(value)] as const;
    const set = own[name];
    return [name, isObject(set) && isObject(value) ? filled(set, value) : set] as const;
  });
  return { ...own, ...Object.fromEntries(fields) };
}
