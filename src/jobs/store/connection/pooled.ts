import type pg from 'pg';

/** A connection pool, which prepared statements use directly. */
export interface Pooled {
  readonly pool: pg.Pool;
}
