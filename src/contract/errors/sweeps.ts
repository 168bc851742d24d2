import type { CatalogueEntry } from './catalogue-entry.js';

/** Errors about a sweep as a whole. */
export const SWEEP_ERRORS = {
  sweep_finished: {
    status: 409,
    title: 'The search of the sweep has ended',
    remedy: 'Create a new sweep. The jobs and models of this one stay.',
    retry: 'fatal',
  },
  sweep_full: {
    status: 409,
    title: 'The sweep has all its trials',
    remedy: 'Raise `limits.trials` with PATCH /sweeps/{id}, and add the trial again.',
    retry: 'fatal',
  },
} as const satisfies Record<string, CatalogueEntry>;
