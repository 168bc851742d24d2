import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { messageOf } from '../../../contract/message-of.js';
import { checkPostgres } from './check-postgres.js';
import { text } from './column.js';
import { requireHeard } from './require-heard.js';
import { workWithoutLimits } from './role-limits.js';
import { readerOf } from './row-reader.js';
import { useUtc } from './session.js';
import { grantWorkerRole } from './worker-role.js';

/** Prisma's own number for its migration lock, so that its CLI and this step exclude each other. */
const ADVISORY_LOCK = 72_707_369;
const MIGRATIONS = fileURLToPath(new URL('../../../../prisma/migrations', import.meta.url));

// Prisma's own table, so that its CLI sees the same applied migrations (docs/adr/0005).
const MIGRATIONS_TABLE = `
  CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;

const readApplied = readerOf('applied-migrations', { name: text, checksum: text });

export interface AppliedMigration {
  readonly name: string;
  /** sha256 of its SQL. */
  readonly checksum: string;
}

interface Migration extends AppliedMigration {
  readonly sql: string;
}

export interface MigrateOptions {
  readonly folder?: string;
  /** Applies these migrations only: the schema of an older version. Absent: all. */
  readonly only?: readonly AppliedMigration[];
}

/**
 * Migrates the database to the schema of this version, and gives the role of workers its privileges. Several processes
 * may call it at once.
 * @param databaseUrl the address of Postgres itself
 * @returns the names of the migrations that were applied now
 * @throws Error if an applied migration was edited, or is unknown to this version
 */
export async function migrate(
  databaseUrl: string,
  { folder = MIGRATIONS, only }: MigrateOptions = {},
): Promise<string[]> {
  await checkPostgres(databaseUrl);
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'strata-migrate' });
  await client.connect();
  await useUtc(client);
  await workWithoutLimits(client);
  try {
    // A pooler of transactions would lose the lock as it loses what LISTEN waits for.
    await requireHeard(client, databaseUrl);
    await client.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK]);
    await client.query(MIGRATIONS_TABLE);
    const migrations = await readMigrations(folder);
    const wanted = new Set((only ?? migrations).map(({ name }) => name));
    const pending = pendingOf(migrations, await appliedMigrations(client)).filter(({ name }) =>
      wanted.has(name),
    );
    for (const migration of pending) await apply(client, migration);
    if (only === undefined) await grantWorkerRole(client);
    return pending.map((migration) => migration.name);
  } finally {
    // Ending the session releases the advisory lock.
    await client.end();
  }
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** The migrations of a database, the oldest first. */
export async function appliedMigrations(client: pg.ClientBase): Promise<AppliedMigration[]> {
  const { rows } = await client.query(
    `SELECT migration_name AS name, checksum FROM "_prisma_migrations"
     WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY migration_name`,
  );
  return readApplied(rows);
}

/** @throws Error if this version does not have one of them, or has it with another text */
export async function requireKnownMigrations(applied: readonly AppliedMigration[]): Promise<void> {
  pendingOf(await readMigrations(MIGRATIONS), applied);
}

function pendingOf(migrations: readonly Migration[], applied: readonly AppliedMigration[]): Migration[] {
  const known = new Map(migrations.map(({ name, checksum }) => [name, checksum]));
  const unknown = applied.filter(({ name }) => !known.has(name)).map(({ name }) => name);
  if (unknown.length > 0) {
    throw new Error(
      `the database has migrations that this version does not know: ${unknown.join(', ')}; run the newer version`,
    );
  }
  const edited = applied.filter(({ name, checksum }) => known.get(name) !== checksum);
  if (edited.length > 0) {
    const names = edited.map(({ name }) => name).join(', ');
    throw new Error(
      `applied migrations were edited: ${names}; restore them, and write a new migration instead`,
    );
  }
  const done = new Set(applied.map(({ name }) => name));
  return migrations.filter(({ name }) => !done.has(name));
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO "_prisma_migrations" (id, checksum, finished_at, migration_name, applied_steps_count)
       VALUES ($1, $2, now(), $3, 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new Error(`migration ${name} failed: ${messageOf(error)}`, { cause: error });
  }
}
