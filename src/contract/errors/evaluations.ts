import type { CatalogueEntry } from './catalogue-entry.js';

/** Errors of evaluations. */
export const EVALUATION_ERRORS = {
  classes_unknown: {
    status: 422,
    title: 'The dataset has classes that the model does not know',
    remedy: 'Evaluate on a dataset whose classes have the names of the model’s classes.',
    retry: 'fatal',
  },
  images_unfit: {
    status: 422,
    title: 'The images of the dataset do not fit the model',
    remedy: 'Evaluate on a dataset with images of the shape that the model sees, or of image files.',
    retry: 'fatal',
  },
  checkpoint_unusable: {
    status: 422,
    title: 'The checkpoint cannot be evaluated',
    remedy:
      'Use a checkpoint with `starts_jobs` true from `GET /jobs/{id}/checkpoints`; `compact` needs the one of kind `final`.',
    retry: 'fatal',
  },
  evaluation_unfinished: {
    status: 409,
    title: 'The evaluation has not succeeded',
    remedy: 'Wait until its state is `succeeded`. If it has failed or was cancelled, create another one.',
    retry: 'fatal',
  },
  evaluations_differ: {
    status: 409,
    title: 'The evaluations are about different images',
    remedy: 'Compare evaluations on the same dataset and split, whose `dataset.sha256` are equal.',
    retry: 'fatal',
  },
  evaluator_gone: {
    status: 500,
    title: 'The process that evaluates ended unexpectedly',
    remedy: 'The part is tried again. If it fails again, read the worker’s log.',
    retry: 'retry',
  },
  evaluation_given_up: {
    status: 500,
    title: 'Several workers were lost while they evaluated the same images',
    remedy:
      'Check the memory of the workers’ hosts. Then create the evaluation or the batch prediction again.',
    retry: 'fatal',
  },
} as const satisfies Record<string, CatalogueEntry>;
