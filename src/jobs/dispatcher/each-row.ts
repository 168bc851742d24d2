import { messageOf } from '../../contract/message-of.js';
import { isUnavailable } from '../store/connection/unavailable.js';

/** Rows of one page of a look: however many there are, few are held at once. */
const PAGE_ROWS = 100;

/** Reads at most `limit` rows whose id is greater than `after`, in the order of their ids. */
export type ReadPage<Row> = (after: string, limit: number) => Promise<readonly Row[]>;

/** All pages that are not empty, each read when the one before it has been handled. */
export async function* pagesOf<Row extends { readonly id: string }>(
  readPage: ReadPage<Row>,
  rows: number,
): AsyncGenerator<readonly Row[]> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: readonly Row[] = await readPage(after, rows);
    if (page.length > 0) yield page;
    after = page.length < rows ? undefined : page.at(-1)?.id;
  }
}

/**
 * Handles every row that a look finds, page by page. A row that fails does not keep the others waiting; Postgres being
 * away does end the look, since every other row would fail as well.
 * @throws AggregateError of what failed, after the last row
 */
export async function eachRow<Row extends { readonly id: string }>(
  readPage: ReadPage<Row>,
  handle: (row: Row) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  for await (const page of pagesOf(readPage, PAGE_ROWS)) {
    for (const row of page) {
      await handle(row).catch((error: unknown) => {
        if (isUnavailable(error)) throw error;
        errors.push(error);
      });
    }
  }
  if (errors.length === 0) return;
  const [first] = errors;
  const reason = messageOf(first);
  throw new AggregateError(errors, `${errors.length} rows failed, the first with: ${reason}`);
}
