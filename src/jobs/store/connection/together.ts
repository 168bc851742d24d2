import pg from 'pg';
import type { Pooled } from './pooled.js';

/** A prepared statement with its values. */
export interface Call<Row> {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
  readonly read: (rows: readonly unknown[]) => Row[];
}

/** A `pg.Query` with what its declared type lacks: the client passes each message of Postgres on to the query that it runs. */
interface Part {
  readonly name: string;
  readonly text: string;
  submit(connection: pg.Connection): Error | null;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: pg.Connection): void;
  handleReadyForQuery(connection: pg.Connection): void;
}

const isPart = (query: object): query is Part =>
  ['submit', 'handleRowDescription', 'handleDataRow', 'handleCommandComplete', 'handleReadyForQuery'].every(
    (method) => method in query,
  );

type Settle = (error: Error | null) => void;

/**
 * Several prepared statements that are sent before the first answer. Without a Sync between them, they are one transaction:
 * each sees what the ones before it have done, and an error undoes all.
 */
export class Together implements pg.Submittable {
  readonly #parts: readonly Part[];
  readonly #results: (readonly unknown[])[] = [];
  #at = 0;

  constructor(
    calls: readonly Call<unknown>[],
    private readonly settle: Settle,
  ) {
    this.#parts = calls.map(({ name, text, values }, index) => {
      const query = new pg.Query({ name, text, values: [...values] }, (error, result) => {
        if (error === undefined || error === null) this.#results[index] = result.rows;
      });
      if (!isPart(query)) throw new Error('this version of pg runs queries in another way: run npm ci');
      return query;
    });
  }

  /** Number of statements. */
  get size(): number {
    return this.#parts.length;
  }

  /** Rows by statement, once it has settled without an error. */
  get results(): readonly (readonly unknown[])[] {
    return this.#results;
  }

  /** Read by the client when Postgres has parsed a statement, which the current one is. */
  get name(): string {
    return this.#current.name;
  }

  get text(): string {
    return this.#current.text;
  }

  submit(connection: pg.Connection): Error | null {
    const unsynced: pg.Connection = Object.create(connection, { sync: { value: () => undefined } });
    connection.stream.cork();
    try {
      for (const part of this.#parts) {
        const error = part.submit(part === this.#parts.at(-1) ? connection : unsynced);
        if (error) return error;
      }
      return null;
    } finally {
      connection.stream.uncork();
    }
  }

  handleRowDescription(message: unknown): void {
    this.#current.handleRowDescription(message);
  }

  handleDataRow(message: unknown): void {
    this.#current.handleDataRow(message);
  }

  handleCommandComplete(message: unknown, connection: pg.Connection): void {
    this.#current.handleCommandComplete(message, connection);
    this.#at++;
  }

  handleReadyForQuery(connection: pg.Connection): void {
    for (const part of this.#parts) part.handleReadyForQuery(connection);
    this.settle(null);
  }

  handleError(error: Error): void {
    this.settle(error);
  }

  get #current(): Part {
    const part = this.#parts[this.#at];
    if (part === undefined) throw new Error('Postgres answers more statements than were sent');
    return part;
  }
}

/**
 * Runs two prepared statements in one transaction and one round trip.
 * @returns the rows of both
 * @throws the error of either; then nothing is stored
 */
export async function together<A, B>(db: Pooled, first: Call<A>, second: Call<B>): Promise<[A[], B[]]> {
  const client = await db.pool.connect();
  try {
    const rows = await new Promise<readonly (readonly unknown[])[]>((resolve, reject) => {
      const query = new Together([first, second], (error) => {
        if (error) reject(error);
        else resolve(query.results);
      });
      client.query(query);
    });
    client.release();
    return [first.read(rows[0] ?? []), second.read(rows[1] ?? [])];
  } catch (error) {
    // With it goes what it knows of the statements that it has parsed.
    client.release(true);
    throw error;
  }
}
