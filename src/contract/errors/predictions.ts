import type { CatalogueEntry } from './catalogue-entry.js';

/** Errors of predictions. */
export const PREDICTION_ERRORS = {
  model_not_served: {
    status: 409,
    title: 'The model has no file for predictions',
    remedy: 'Ask for a variant that the model has. To get deleted or missing files, run a new job.',
    retry: 'fatal',
  },
  unreadable_image: {
    status: 422,
    title: 'An image cannot be decoded',
    remedy:
      'Send a PNG, JPEG or WebP file of at most 25 million pixels. `errors` says which image failed and why.',
    retry: 'fatal',
  },
  predictions_full: {
    status: 429,
    title: 'Too many predictions are waiting',
    remedy:
      'Wait for the seconds in `Retry-After`, send several images in one request, or start more workers.',
    retry: 'retry',
  },
  no_predictor: {
    status: 503,
    title: 'No worker serves predictions',
    remedy: 'Start a worker with `STRATA_PREDICTOR_MB` above 0. Then repeat the request.',
    retry: 'retry',
  },
  prediction_interrupted: {
    status: 503,
    title: 'The prediction process ended unexpectedly',
    remedy: 'Repeat the request. If the same image fails again, read the worker’s log.',
    retry: 'retry',
  },
  prediction_late: {
    status: 504,
    title: 'The prediction timed out',
    remedy: 'Repeat the request with fewer or smaller images, or start more workers.',
    retry: 'retry',
  },
} as const satisfies Record<string, CatalogueEntry>;
