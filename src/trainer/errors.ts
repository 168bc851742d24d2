import type { ErrorCode } from '../contract/errors.js';

export type TrainerErrorCode = Extract<
  ErrorCode,
  'non_finite_loss' | 'dataset_unreadable' | 'blob_corrupt' | 'export_mismatch' | 'invalid_assignment'
>;

/** A failure the catalogue knows (src/contract/errors.ts); anything else a task throws is `internal`. */
export class TrainerError extends Error {
  constructor(
    readonly code: TrainerErrorCode,
    message: string,
    readonly at: { readonly stage: number | null; readonly step: number | null } = {
      stage: null,
      step: null,
    },
  ) {
    super(message);
    this.name = 'TrainerError';
  }
}
