/** Maximum number of rows per write. Larger statements are slow to build and to parse. */
const MAX_ROWS = 100;
/**
 * Minimum number of rows for starting another write beside the running ones. Fewer rows are cheaper in the next
 * write.
 */
const WORTHWHILE_ROWS = 16;
/** Maximum number of concurrent writes: this process prepares one while Postgres runs the other. */
const MAX_WRITES = 2;

interface Waiting<Row, Result> {
  readonly row: Row;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets concurrent callers share a statement and its commit. A single row is written at once. No caller gets its
 * result before the commit.
 * @param write writes all rows or none, and returns a result for each
 * @param isRefused whether a row caused the failure. Then each row is written alone, and only the invalid one
 * fails.
 */
export function writeTogether<Row, Result>(
  write: (rows: readonly Row[]) => Promise<readonly Result[]>,
  isRefused: (error: unknown) => boolean,
): (row: Row) => Promise<Result> {
  const waiting: Waiting<Row, Result>[] = [];
  let writes = 0;
  const isTime = () =>
    waiting.length > 0 && (writes === 0 || (writes < MAX_WRITES && waiting.length >= WORTHWHILE_ROWS));
  const writeNext = async (): Promise<void> => {
    writes += 1;
    const batch = waiting.splice(0, MAX_ROWS);
    await settle(batch);
    writes -= 1;
    if (isTime()) void writeNext();
  };
  const settle = async (batch: readonly Waiting<Row, Result>[]): Promise<void> => {
    try {
      const results = await write(batch.map(({ row }) => row));
      batch.forEach(({ resolve }, index) => {
        resolve(results[index]!);
      });
    } catch (error) {
      if (batch.length > 1 && isRefused(error)) for (const one of batch) await settle([one]);
      else for (const { reject } of batch) reject(error);
    }
  };
  return (row) =>
    new Promise((resolve, reject) => {
      waiting.push({ row, resolve, reject });
      if (isTime()) void writeNext();
    });
}
