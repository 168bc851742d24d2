import type { PredictionError } from '../contract/predictor-protocol.js';

/** A prediction that cannot be made, with a code of the catalogue. */
export class PredictionFailure extends Error {
  constructor(
    readonly code: PredictionError,
    message: string,
    /** Of the image at fault. */
    readonly index: number | null = null,
  ) {
    super(message);
    this.name = 'PredictionFailure';
  }
}
