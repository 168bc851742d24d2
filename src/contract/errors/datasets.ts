import type { CatalogueEntry } from './catalogue-entry.js';

/** Errors about a dataset, and about its upload, download and import. */
export const DATASET_ERRORS = {
  dataset_exists: {
    status: 409,
    title: 'A dataset with this name exists',
    remedy: 'Choose another name, or delete that dataset first.',
    retry: 'fatal',
  },
  dataset_in_use: {
    status: 409,
    title: 'The dataset cannot be deleted',
    remedy: 'Delete the jobs that use it first. Built-in datasets cannot be deleted.',
    retry: 'fatal',
  },
  dataset_not_ready: {
    status: 409,
    title: 'The dataset is not ready for training',
    remedy:
      'Wait until `GET /datasets/{id}` shows `ready`. If the dataset has failed, fix its `problems` and upload it again.',
    retry: 'fatal',
  },
  dataset_not_prepared: {
    status: 409,
    title: 'The images of the dataset are not here yet',
    remedy:
      'Wait until `GET /datasets/{id}` shows `ready`. The first job that trains on a built-in dataset decodes its images.',
    retry: 'fatal',
  },
  upload_offset: {
    status: 409,
    title: 'The piece begins at another byte than the upload has',
    remedy: 'Ask for `Upload-Offset` with HEAD, and send the piece that begins there.',
    retry: 'fatal',
  },
  upload_incomplete: {
    status: 409,
    title: 'The upload is not complete',
    remedy: 'Continue the upload at the offset that `HEAD /uploads/{id}` returns. Then repeat this request.',
    retry: 'fatal',
  },
  upload_too_large: {
    status: 413,
    title: 'The upload is too large',
    remedy: 'Upload a smaller file. An operator can raise the limit with STRATA_UPLOAD_LIMIT.',
    retry: 'fatal',
  },
  checksum_mismatch: {
    status: 422,
    title: 'The bytes do not match the given checksum',
    remedy: 'Send the file again. Compare `sha256` with the output of `sha256sum`.',
    retry: 'fatal',
  },
  source_refused: {
    status: 422,
    title: 'The URL does not return the data',
    remedy: 'Use a URL that answers 200 with the archive, or download the archive yourself and upload it.',
    retry: 'fatal',
  },
  source_unreachable: {
    status: 422,
    title: 'The URL cannot be reached by the server',
    remedy: 'Download the archive yourself and upload the file.',
    retry: 'retry',
  },
  dataset_unavailable: {
    status: 422,
    title: 'The built-in dataset cannot be downloaded',
    remedy: 'Put its files into the folder that STRATA_DATASETS names, and create a job with it again.',
    // A retry cannot succeed before somebody adds the files.
    retry: 'fatal',
  },
  importer_crashed: {
    status: 500,
    title: 'The importer process ended unexpectedly',
    remedy: 'Read the worker’s log. If the system killed the process, it probably ran out of memory.',
    retry: 'retry',
  },
  importer_stalled: {
    status: 500,
    title: 'The importer process made no progress',
    remedy: 'Check the load of the host and its disk.',
    retry: 'retry',
  },
  import_given_up: {
    status: 500,
    title: 'The import was lost with its worker again and again',
    remedy: 'Look at the logs and the memory of the workers, and at Postgres; try a part of the data.',
    retry: 'fatal',
  },
} as const satisfies Record<string, CatalogueEntry>;
