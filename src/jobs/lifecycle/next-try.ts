import { retryClassOf } from '../../contract/errors.js';
import { MAX_OUTAGES, MAX_PART_ATTEMPTS, outagePauseMs, RETRY_BACKOFF_MS } from '../process/limits.js';
import type { Tries } from '../store/parts.js';

/** When a part that failed is tried again; null where that cannot help any more. */
export function nextTry(tried: Tries, code: string): (Tries & { readonly waitMs: number }) | null {
  const outages = tried.outages + 1;
  if (retryClassOf(code) === 'wait' && outages <= MAX_OUTAGES)
    return { failures: tried.failures, outages, waitMs: outagePauseMs(outages) };
  const failures = tried.failures + 1;
  if (retryClassOf(code) === 'fatal' || failures >= MAX_PART_ATTEMPTS) return null;
  return { failures, outages: 0, waitMs: RETRY_BACKOFF_MS * 2 ** failures };
}
