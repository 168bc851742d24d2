import type { CatalogueEntry } from './catalogue-entry.js';

/** Errors about uploaded weights. */
export const WEIGHTS_ERRORS = {
  weights_pickled: {
    status: 422,
    title: 'The weights are a pickle, which runs code when it is read',
    remedy:
      'Convert it where you trust it, with two lines of Python: `import torch; from safetensors.torch import save_file` and ' +
      '`save_file({k: v.contiguous() for k, v in torch.load("model.pth", weights_only=True).items()}, "model.safetensors")`.',
    retry: 'fatal',
  },
  weights_damaged: {
    status: 422,
    title: 'The file is not a complete safetensors file',
    remedy: 'Save the weights again with `safetensors`. After the upload, compare its sha256.',
    retry: 'fatal',
  },
  weights_unknown: {
    status: 422,
    title: 'The file does not hold the weights of a network that Strata has',
    remedy: 'See docs/weights.md for the networks and their names.',
    retry: 'fatal',
  },
  weights_busy: {
    status: 429,
    title: 'Other weights are being fetched',
    remedy: 'Wait until the other file has arrived, or upload the file instead.',
    retry: 'retry',
  },
  weights_in_use: {
    status: 409,
    title: 'A job starts from these weights',
    remedy: 'Wait until the job has ended, or cancel it first.',
    retry: 'fatal',
  },
} as const satisfies Record<string, CatalogueEntry>;
