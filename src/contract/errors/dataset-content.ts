import type { CatalogueEntry } from './catalogue-entry.js';

/** Problems in the files of a dataset. */
export const DATASET_CONTENT_ERRORS = {
  archive_unknown: {
    status: 422,
    title: 'The file is not a supported archive',
    remedy: 'Send a .zip, .tar, .tar.gz or .npz file.',
    retry: 'fatal',
  },
  archive_damaged: {
    status: 422,
    title: 'The archive cannot be read',
    remedy: 'Pack it again with zip or tar. After the upload, compare its sha256.',
    retry: 'fatal',
  },
  archive_unsafe: {
    status: 422,
    title: 'The archive contains unsafe entries',
    remedy: 'Pack only plain files with relative names: no links, devices, `..` or passwords.',
    retry: 'fatal',
  },
  archive_too_large: {
    status: 422,
    title: 'The unpacked archive is too large',
    remedy: 'Send less data. An operator can raise the limits (docs/datasets.md).',
    retry: 'fatal',
  },
  dataset_format: {
    status: 422,
    title: 'The archive does not have a dataset layout',
    remedy: 'Arrange the files as docs/datasets.md shows, and set `format`.',
    retry: 'fatal',
  },
  dataset_incomplete: {
    status: 422,
    title: 'The dataset is incomplete',
    remedy: 'Provide at least two classes, and training and test images for each class.',
    retry: 'fatal',
  },
  dataset_too_large: {
    status: 422,
    title: 'The dataset has too many images or classes',
    remedy: 'Send fewer. An operator can raise the limits (docs/datasets.md).',
    retry: 'fatal',
  },
  image_unreadable: {
    status: 422,
    title: 'An image cannot be decoded',
    remedy: 'Fix or remove these images.',
    retry: 'fatal',
  },
  image_unsupported: {
    status: 422,
    title: 'An image has an unsupported format',
    remedy: 'Convert the images to JPEG, PNG or WebP.',
    retry: 'fatal',
  },
  image_too_large: {
    status: 422,
    title: 'An image has too many pixels',
    remedy: 'Scale the images down. An operator can raise the limit with STRATA_IMAGE_PIXELS.',
    retry: 'fatal',
  },
  array_invalid: {
    status: 422,
    title: 'An array does not match its header or the format',
    remedy: 'Write the arrays as docs/datasets.md shows.',
    retry: 'fatal',
  },
  pickle_unsafe: {
    status: 422,
    title: 'A pickle contains more than plain data',
    remedy: 'Send the arrays as .npz without Python objects.',
    retry: 'fatal',
  },
  metadata_invalid: {
    status: 422,
    title: 'The metadata of the images cannot be read',
    remedy: 'Fix the named line of metadata.csv or metadata.jsonl, or leave the file out of the archive.',
    retry: 'fatal',
  },
  metadata_left_out: {
    status: 422,
    title: 'A column of metadata is not kept',
    remedy:
      'No action is needed if no evaluation is to be cut by it. Otherwise change its values as the message says.',
    retry: 'fatal',
  },
  entry_ignored: {
    status: 422,
    title: 'Files were ignored',
    remedy: 'No action is needed if training does not need these files.',
    retry: 'fatal',
  },
  test_held_out: {
    status: 422,
    title: 'Training images were held out to test with',
    remedy: 'Nothing, or upload a test split.',
    retry: 'fatal',
  },
  labels_differ: {
    status: 422,
    title: 'One image is there under two labels',
    remedy: 'Remove the wrong ones: a network cannot learn both.',
    retry: 'fatal',
  },
  names_guessed: {
    status: 422,
    title: 'Names of files are in an unknown encoding',
    remedy: 'Nothing, if they are read as you wrote them; else make the archive with names in UTF-8.',
    retry: 'fatal',
  },
  names_merged: {
    status: 422,
    title: 'Two spellings of one name were taken for one class',
    remedy: 'Nothing, if they are one class; else rename one of them.',
    retry: 'fatal',
  },
  folders_merged: {
    status: 422,
    title: 'Images lie below the folder of their class',
    remedy:
      'Nothing, if its first folder is the class; else name the folder that holds the classes as `root`.',
    retry: 'fatal',
  },
  splits_overlap: {
    status: 422,
    title: 'Images are in two splits',
    remedy: 'Remove them from one split. Otherwise the measured accuracy is too high.',
    retry: 'fatal',
  },
} as const satisfies Record<string, CatalogueEntry>;
