import type { CatalogueEntry } from './catalogue-entry.js';

/** Errors about names, versions and aliases of models. */
export const REGISTRY_ERRORS = {
  alias_changed: {
    status: 412,
    title: 'The alias has changed since you read it',
    remedy: 'Read the alias again. If you still want to change it, repeat the request with its new `etag`.',
    retry: 'fatal',
  },
  alias_ruled: {
    status: 409,
    title: 'The alias has a rule, so it changes by promotions only',
    remedy: 'Send `POST /registry/{name}/promotions`, or delete the rule.',
    retry: 'fatal',
  },
  version_gone: {
    status: 409,
    title: 'The model of this version was deleted or renamed',
    remedy: 'Choose a version whose `model_id` is not null. Version numbers are never used again.',
    retry: 'fatal',
  },
  promotion_ended: {
    status: 409,
    title: 'The promotion is not pending',
    remedy: 'A promotion that was applied or rejected does not change. Create another one.',
    retry: 'fatal',
  },
  approval_refused: {
    status: 409,
    title: 'This key cannot approve the promotion',
    remedy: 'Approve with another key. The detail says why.',
    retry: 'fatal',
  },
} as const satisfies Record<string, CatalogueEntry>;
