import type { PredictionError } from '../contract/predictor-protocol.js';

/** A failed prediction, with a code from the catalogue. */
export class PredictionFailure extends Error {
  constructor(
    readonly code: PredictionError,
    message: string,
    /** Index of the image that failed. */
    readonly index: number | null = null,
  ) {
    super(message);
    this.name = 'PredictionFailure';
  }
}
