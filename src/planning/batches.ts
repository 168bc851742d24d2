/** Progress of a batch prediction, in images. */
export interface BatchCounts {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly maxFailedShare: number;
}

export type BatchVerdict =
  | { readonly state: 'succeeded' }
  | { readonly state: 'failed'; readonly reason: string };

/** The end of a batch prediction after its newest part; null while it goes on. */
export function batchVerdict({ total, done, failed, maxFailedShare }: BatchCounts): BatchVerdict | null {
  if (failed / total > maxFailedShare) {
    const allowed = `${maxFailedShare * 100} % of ${total} images`;
    return { state: 'failed', reason: `${failed} images cannot be read; the limit is ${allowed}` };
  }
  if (done < total) return null;
  if (failed === total) return { state: 'failed', reason: 'no image can be read' };
  return { state: 'succeeded' };
}
