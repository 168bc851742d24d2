/**
 * Reaction to a task that failed with this error. retry: another attempt, within the maximum number of attempts.
 * uncounted: another attempt that does not count, within a separate limit. wait: another uncounted attempt after
 * growing pauses, for about a day. fatal: the job fails.
 */
export type RetryClass = 'retry' | 'uncounted' | 'wait' | 'fatal';

/** One error of the catalogue. */
export interface CatalogueEntry {
  /** HTTP status if the error ends a request. */
  readonly status: number;
  /** The same text for every error of this code. */
  readonly title: string;
  /** The remedy for the reader. */
  readonly remedy: string;
  readonly retry: RetryClass;
}
