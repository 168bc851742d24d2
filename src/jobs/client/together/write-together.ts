/** Rows of one write: beyond it a statement takes long to make and to read. */
const MOST_ROWS = 100;
/** Rows for which another write begins beside those under way: fewer cost more by themselves than in the next one. */
const WORTHWHILE_ROWS = 16;
/** Writes under way at once: one is made here while Postgres works on the other. */
const MOST_WRITES = 2;

interface Waiting<Row, Result> {
  readonly row: Row;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets those who write at the same time share a statement and its commit; alone, a row is written at once. Nobody is answered
 * before the row is committed.
 * @param write all of them or none, with a result for each
 * @param isRefused whether a failure is some row's fault: then each is written by itself, and only who is at fault hears of it
 */
export function writeTogether<Row, Result>(
  write: (rows: readonly Row[]) => Promise<readonly Result[]>,
  isRefused: (error: unknown) => boolean,
): (row: Row) => Promise<Result> {
  const waiting: Waiting<Row, Result>[] = [];
  let writes = 0;
  const isTime = () =>
    waiting.length > 0 && (writes === 0 || (writes < MOST_WRITES && waiting.length >= WORTHWHILE_ROWS));
  const writeNext = async (): Promise<void> => {
    writes += 1;
    const batch = waiting.splice(0, MOST_ROWS);
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
