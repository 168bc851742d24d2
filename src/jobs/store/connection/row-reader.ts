import { type Column, faultOfRow, type RowOf } from './column.js';

type Columns = Readonly<Record<string, Column<unknown>>>;

const known = new Map<string, Columns>();

/** Columns of every raw statement of this process by name. A test compares them with those that Postgres returns. */
export const STATEMENTS: ReadonlyMap<string, Columns> = known;

/**
 * Reader of the rows of one raw statement. Row types would otherwise be a claim that nothing checks: a renamed column
 * would read as undefined. The first row that a statement returns in this process is checked for names, types and
 * nulls. Later rows are not, so that loops over many rows stay fast.
 * @param name unique among statements
 * @param columns every column that the statement returns, by name
 */
export function readerOf<C extends Columns>(
  name: string,
  columns: C,
): (rows: readonly unknown[]) => RowOf<C>[] {
  if (known.has(name)) throw new Error(`there are two statements ${name}`);
  known.set(name, columns);
  let checked = false;
  const areRows = (rows: readonly unknown[]): rows is RowOf<C>[] => {
    const [first] = rows;
    if (checked || first === undefined) return true;
    const fault = typeof first === 'object' && first !== null ? faultOfRow(columns, first) : 'is no row';
    if (fault !== null) throw new Error(`a row of the statement ${name} is not as declared: it ${fault}`);
    checked = true;
    return true;
  };
  return (rows) => (areRows(rows) ? rows : []);
}

/** The same for a statement that always returns one row. */
export function onlyRowOf<C extends Columns>(
  name: string,
  columns: C,
): (rows: readonly unknown[]) => RowOf<C> {
  const read = readerOf(name, columns);
  return (rows) => {
    const [row] = read(rows);
    if (row === undefined) throw new Error(`the statement ${name} always returns a row`);
    return row;
  };
}
