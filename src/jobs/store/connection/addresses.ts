/** Addresses of Postgres. */
export interface PostgresAddresses {
  /** For statements and transactions. May be a pooler. */
  readonly databaseUrl: string;
  /** The same database without a pooler, for what needs a session. Absent: `databaseUrl`. */
  readonly directUrl?: string;
}

/** For LISTEN, migrations, heartbeats and statements that take minutes. */
export function directOf({ databaseUrl, directUrl }: PostgresAddresses): string {
  return directUrl ?? databaseUrl;
}
