import type { CatalogueEntry } from './catalogue-entry.js';

/** Errors about a job or a model as a whole. */
export const JOB_AND_MODEL_ERRORS = {
  job_finished: {
    status: 409,
    title: 'The job is finished',
    remedy: 'A finished job cannot change. Create a new job.',
    retry: 'fatal',
  },
  job_unfinished: {
    status: 409,
    title: 'The job is not finished',
    remedy: 'Cancel the job, wait until it has ended, and then delete it.',
    retry: 'fatal',
  },
  job_not_extendable: {
    status: 409,
    title: 'The job cannot be extended',
    remedy:
      'Do what the detail says, or start a new job from the model (`init_from.model`), with a new memory of the optimizer.',
    retry: 'fatal',
  },
  not_reproducible: {
    status: 409,
    title: 'The model cannot be made again',
    remedy: 'The detail says what is missing. Start a worker with that runtime, or restore the data.',
    retry: 'fatal',
  },
  job_has_model: {
    status: 409,
    title: 'The job has a model',
    remedy: 'If the model is no longer needed, delete it first. The detail names it.',
    retry: 'fatal',
  },
  model_in_use: {
    status: 409,
    title: 'The model is in use',
    remedy: 'Give the tag `production` to another model, or remove the tag. Then delete this model.',
    retry: 'fatal',
  },
  model_tagged: {
    status: 409,
    title: 'A model with tags cannot be renamed',
    remedy: 'Remove its tags, rename it, and add the tags again under the new name.',
    retry: 'fatal',
  },
  predictions_missing: {
    status: 409,
    title: 'The predictions on the test images were not stored',
    remedy: 'Train the network again: jobs store them since version 0.2. The detail names the network.',
    retry: 'fatal',
  },
  precision_unavailable: {
    status: 409,
    title: 'No device supports the requested precision',
    remedy:
      'Use `precision` float32 or auto, or start a worker with a bfloat16 device. `GET /workers` shows which devices support it.',
    retry: 'fatal',
  },
  max_device_seconds_exceeded: {
    status: 500,
    title: 'The job has spent its device time',
    remedy:
      'Raise `max_device_seconds.amount`, train less, or use `then: finish`, which joins the stages and leaves a model.',
    retry: 'fatal',
  },
  max_runtime_exceeded: {
    status: 500,
    title: 'The job exceeded its maximum run time',
    remedy: 'Raise `max_runtime_s`, or train less: fewer epochs, a smaller model, or more slots.',
    retry: 'fatal',
  },
  max_pending_exceeded: {
    status: 500,
    title: 'The job exceeded its maximum waiting time',
    remedy: 'Raise `max_pending_s`, or start more workers.',
    retry: 'fatal',
  },
} as const satisfies Record<string, CatalogueEntry>;
