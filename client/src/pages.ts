interface Page<T> {
  readonly data: readonly T[];
  readonly next: string | null;
}

/** Yields the items of all pages. */
export async function* everyItem<T>(
  pageAfter: (after: string | null) => Promise<Page<T>>,
): AsyncGenerator<T> {
  let page = await pageAfter(null);
  for (;;) {
    yield* page.data;
    if (page.next === null) return;
    page = await pageAfter(page.next);
  }
}
