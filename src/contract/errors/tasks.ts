import type { CatalogueEntry } from './catalogue-entry.js';

/** Errors of a task of a job. */
export const TASK_ERRORS = {
  non_finite_loss: {
    status: 500,
    title: 'Training produced a number that is not finite',
    remedy:
      'Lower `optimizer.learning_rate`, set `optimizer.clip_norm`, or lower learning_rate x penalty further below 1.',
    // A task is a pure function of its inputs: a retry would produce the same number.
    retry: 'fatal',
  },
  out_of_memory: {
    status: 500,
    title: 'The device ran out of memory',
    remedy: 'Lower `batch_size`, use a smaller model, raise `method.stages`, or run fewer slots per host.',
    // A retry would need the same memory.
    retry: 'fatal',
  },
  dataset_unreadable: {
    status: 500,
    title: 'The dataset cannot be read',
    remedy: 'Check the disk. For a built-in dataset, run `npm run setup` again.',
    // Reading the data again does not repair it.
    retry: 'fatal',
  },
  blob_missing: {
    status: 500,
    title: 'Stored bytes are missing',
    remedy:
      'Check that every process uses the same `BLOB_URL`. If the bytes were deleted, run the job again.',
    retry: 'retry',
  },
  blob_corrupt: {
    status: 500,
    title: 'Stored bytes do not match their checksum',
    remedy: 'Check the disk under `BLOB_URL`. Run the job again.',
    retry: 'retry',
  },
  export_mismatch: {
    status: 500,
    title: 'The predictions of an exported model differ from those of the trained network',
    remedy: 'This is a defect in Strata. Report it with the job’s spec.',
    retry: 'fatal',
  },
  trainer_crashed: {
    status: 500,
    title: 'The trainer process ended unexpectedly',
    remedy: 'Read the worker’s log. If the system killed the process, it probably ran out of memory.',
    retry: 'retry',
  },
  trainer_stalled: {
    status: 500,
    title: 'The trainer process made no progress',
    remedy: 'Check the load of the host, and run fewer slots on it.',
    retry: 'retry',
  },
  stream_lost: {
    status: 500,
    title: 'The stream between two trainers of a pipeline ended',
    remedy:
      'Read the log of the task: one of its trainers ended first. Free space in the temporary folder of the host. Between hosts, let workers reach each other at their STRATA_STREAM_ADDRESS.',
    retry: 'retry',
  },
  worker_lost: {
    status: 500,
    title: 'The worker of the task is gone',
    remedy: 'Read the log of its host. The task was retried on other workers until the limit.',
    // The task is rarely the cause. A separate limit stops a task that crashes its workers.
    retry: 'uncounted',
  },
  invalid_assignment: {
    status: 500,
    title: 'The trainer received a task that it cannot run',
    remedy: 'Run the same version in every process. Otherwise this is a defect in Strata: report it.',
    retry: 'fatal',
  },
} as const satisfies Record<string, CatalogueEntry>;
