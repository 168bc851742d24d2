import type { CatalogueEntry } from './catalogue-entry.js';

/** Errors of batch predictions. */
export const BATCH_ERRORS = {
  batch_unfinished: {
    status: 409,
    title: 'The batch prediction has no result',
    remedy: 'Wait until its state is `succeeded`. If it was cancelled, create another one.',
    retry: 'fatal',
  },
  batch_without_pictures: {
    status: 422,
    title: 'The upload contains no pictures',
    remedy: 'Send a zip or tar of JPEG, PNG or WebP files, in folders or not.',
    retry: 'fatal',
  },
  batch_images_unreadable: {
    status: 422,
    title: 'Too many images of the batch prediction cannot be read',
    remedy:
      'Read `GET /batch-predictions/{id}/errors`, fix or remove these images, or raise `max_failed_share`.',
    retry: 'fatal',
  },
  model_without_features: {
    status: 422,
    title: 'The files of the model have no features',
    remedy:
      'Train the model with `features` in `export_options.outputs` and `onnx` in `exports`, or leave out `embedding`.',
    retry: 'fatal',
  },
} as const satisfies Record<string, CatalogueEntry>;
