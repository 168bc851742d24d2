/** Caches the result of `read` for `keptMs`. Concurrent callers share one read. A failure is not cached. */
export function cachedFor<T>(keptMs: number, nowMs: () => number, read: () => Promise<T>): () => Promise<T> {
  let begun: { readonly answer: Promise<T>; readonly at: number } | null = null;
  return () => {
    if (begun !== null && nowMs() - begun.at < keptMs) return begun.answer;
    const current = { answer: read(), at: nowMs() };
    begun = current;
    current.answer.catch(() => {
      if (begun === current) begun = null;
    });
    return current.answer;
  };
}
