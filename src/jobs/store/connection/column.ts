/** Postgres types of one column of a result, by their names in `pg_type`. */
type PostgresType =
  | 'text'
  | 'int4'
  | 'int8'
  | 'float8'
  | 'bool'
  | 'timestamptz'
  | 'json'
  | 'jsonb'
  | 'text[]';

/** Reads one column: its type in TypeScript, its types in Postgres, and whether it may be null. */
export interface Column<T> {
  readonly types: readonly PostgresType[];
  readonly nullable: boolean;
  /** The fault of a value; null if there is none. */
  readonly fault: (value: unknown) => string | null;
  /** Carries the type only. */
  readonly type?: T;
}

type Columns = Readonly<Record<string, Column<unknown>>>;

/** The row that these columns give. */
export type RowOf<C extends Columns> = { readonly [Name in keyof C]: TypeOf<C[Name]> };
export type TypeOf<C> = C extends Column<infer T> ? T : never;

function column<T>(types: readonly PostgresType[], name: string, is: (value: unknown) => boolean): Column<T> {
  return { types, nullable: false, fault: (value) => (is(value) ? null : `is no ${name}`) };
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

export const text: Column<string> = textOf<string>();
export const int: Column<number> = column(['int4'], 'number', (value) => typeof value === 'number');
export const float: Column<number> = column(['float8'], 'number', (value) => typeof value === 'number');
/** Prisma reads it as bigint. A prepared statement (prepared.ts) cannot read it: pg gives it as text. */
export const bigint: Column<bigint> = column(['int8'], 'bigint', (value) => typeof value === 'bigint');
export const flag: Column<boolean> = column(['bool'], 'boolean', (value) => typeof value === 'boolean');
export const time: Column<Date> = column(['timestamptz'], 'time', (value) => value instanceof Date);
export const texts: Column<string[]> = column(['text[]'], 'list', Array.isArray);

/** A text column that holds one of several words. */
export function textOf<T extends string>(): Column<T> {
  return column(['text'], 'text', (value) => typeof value === 'string');
}

/** A JSON column that this service alone writes, with values of this type. */
export function json<T>(): Column<T> {
  return column(['json', 'jsonb'], 'JSON', (value) => value !== undefined && value !== null);
}

export function orNull<T>(of: Column<T>): Column<T | null> {
  return { ...of, nullable: true, fault: (value) => (value === null ? null : of.fault(value)) };
}

/** A JSON object that the statement builds from columns. */
export function objectOf<C extends Columns>(columns: C): Column<RowOf<C>> {
  const fault = (value: unknown) => (isObject(value) ? faultOfRow(columns, value) : 'is no object');
  return { types: ['jsonb'], nullable: false, fault };
}

/** A JSON list of such objects. */
export function listOf<C extends Columns>(columns: C): Column<readonly RowOf<C>[]> {
  const { fault } = objectOf(columns);
  return {
    types: ['jsonb'],
    nullable: false,
    fault: (value) =>
      Array.isArray(value) ? (value.map(fault).find((found) => found !== null) ?? null) : 'is no list',
  };
}

/** The fault of a row; null if it has exactly these columns, with values of their types. */
export function faultOfRow(columns: Columns, row: object): string | null {
  const values = new Map<string, unknown>(Object.entries(row));
  const names = Object.keys(columns);
  const surplus = [...values.keys()].filter((name) => !names.includes(name));
  if (surplus.length > 0) return `has columns without a reader: ${surplus.join(', ')}`;
  for (const name of names) {
    if (!values.has(name)) return `lacks the column ${name}`;
    const fault = columns[name]?.fault(values.get(name)) ?? null;
    if (fault !== null) return `${name} ${fault}`;
  }
  return null;
}
