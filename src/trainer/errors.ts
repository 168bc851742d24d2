import type { ErrorCode } from '../contract/errors.js';
import type { TaskFailure } from '../contract/trainer-protocol.js';

export type TrainerErrorCode = Extract<
  ErrorCode,
  | 'non_finite_loss'
  | 'dataset_unreadable'
  | 'blob_corrupt'
  | 'export_mismatch'
  | 'invalid_assignment'
  | 'precision_unavailable'
  | 'stream_lost'
>;

/**
 * Place in the training: stage and step from 0, and the tensor: the loss, or the gradient or weights of a
 * parameter.
 */
export type FailurePlace = Pick<TaskFailure, 'stage' | 'step' | 'tensor'>;

export const NOWHERE: FailurePlace = { stage: null, step: null, tensor: null };

/** A failure with a code from the catalogue (src/contract/errors.ts). Any other error of a task is `internal`. */
export class TrainerError extends Error {
  constructor(
    readonly code: TrainerErrorCode,
    message: string,
    readonly at: FailurePlace = NOWHERE,
  ) {
    super(message);
    this.name = 'TrainerError';
  }
}
