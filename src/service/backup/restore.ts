import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { loadTables, type TableRows } from '../../jobs/store/backup/load.js';
import { migrate, requireKnownMigrations } from '../../jobs/store/connection/migrate.js';
import { startPostgres, stopPostgres } from '../../provision/postgres/postgres.js';
import type { Progress } from '../../provision/progress.js';
import { orNull, syncToDisk } from '../../storage/files.js';
import { claimHome, describeHolder, LOCK_FILE } from '../home.js';
import { emptyHome } from '../remove-home.js';
import { copyIntact, readStream, requireIntact } from './files.js';
import { RESTORING } from './interrupted.js';
import { type Manifest, readManifest, tablePath } from './manifest.js';

export interface Restored {
  readonly manifest: Manifest;
  /** Migrations that brought an older backup up to date. */
  readonly migrated: readonly string[];
}

/**
 * Makes a home of a backup. The home is missing or empty before; if anything fails, it is so again. All is made ready in one
 * folder of the home, which no service starts on, and moved to its places at the end.
 */
export async function restore(home: string, backup: string, progress: Progress): Promise<Restored> {
  const folder = resolve(backup);
  const manifest = await progress.step('checking the backup', () => checkBackup(folder));
  const wasThere = (await orNull(readdir(home))) !== null;
  const claimed = await claimHome(home);
  if (!claimed) throw new Error(`Strata runs on ${home}. ${await describeHolder(home)}`);
  try {
    await clearInterrupted(claimed.path);
    await requireEmpty(claimed.path);
    const migrated = await fill(claimed.path, folder, manifest, progress).catch(async (error) => {
      await clearInterrupted(claimed.path);
      if (!wasThere) await rm(claimed.path, { recursive: true });
      throw error;
    });
    return { manifest, migrated };
  } finally {
    claimed.lock.release();
  }
}

/** Nothing has been written before all of this holds. */
export async function checkBackup(folder: string): Promise<Manifest> {
  const manifest = await readManifest(folder);
  await requireKnownMigrations(manifest.migrations);
  for (const entry of manifest.files) {
    await requireIntact(folder, entry).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      throw new Error(`${folder} is damaged: ${entry.path} is missing. Use another backup.`);
    });
  }
  return manifest;
}

/** The home was empty before a restore began in it, so all that is there came from that. */
async function clearInterrupted(home: string): Promise<void> {
  const partial = join(home, RESTORING);
  if ((await orNull(readdir(partial))) === null) return;
  await stopPostgres(partial);
  await emptyHome(partial);
  for (const name of await readdir(home)) {
    if (name !== LOCK_FILE && name !== RESTORING) await rm(join(home, name), { recursive: true });
  }
  await rmdir(partial);
}

async function requireEmpty(home: string): Promise<void> {
  const present = (await readdir(home)).filter((name) => name !== LOCK_FILE);
  if (present.length > 0)
    throw new Error(
      `${home} is not empty. Restore into a folder that does not exist yet (STRATA_HOME), or empty this one with \`npm run reset\`.`,
    );
}

async function fill(
  home: string,
  folder: string,
  manifest: Manifest,
  progress: Progress,
): Promise<readonly string[]> {
  const partial = join(home, RESTORING);
  await mkdir(partial);
  const kept = manifest.files.filter(({ path }) => !path.startsWith('database/'));
  await progress.step('restoring the blobs', async () => {
    for (const entry of kept) await copyIntact(folder, entry, partial);
  });
  const migrated = await progress.step('restoring the database', () =>
    fillEmbedded(partial, folder, manifest),
  );
  for (const name of await readdir(partial)) {
    // Locks lie beside what they lock, and a later start makes its own.
    if (!name.startsWith('.')) await rename(join(partial, name), join(home, name));
  }
  await syncToDisk(home);
  await rm(partial, { recursive: true });
  return migrated;
}

async function fillEmbedded(home: string, folder: string, manifest: Manifest): Promise<readonly string[]> {
  const postgres = await startPostgres(home);
  try {
    return await fillDatabase(postgres.url, folder, manifest);
  } finally {
    await postgres.stop();
  }
}

/** @returns the migrations that brought an older backup up to date */
export async function fillDatabase(
  url: string,
  folder: string,
  manifest: Manifest,
): Promise<readonly string[]> {
  await migrate(url, { only: manifest.migrations });
  await loadTables(url, tablesOf(folder, manifest));
  return await migrate(url);
}

async function* tablesOf(folder: string, { tables }: Manifest): AsyncGenerator<TableRows> {
  for (const { name, columns } of tables) yield { table: name, columns, rows: rowsOf(folder, name) };
}

async function* rowsOf(folder: string, table: string): AsyncGenerator<(string | null)[]> {
  const text = readStream(folder, { path: tablePath(table) }).pipe(createGunzip());
  for await (const line of createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY }))
    yield JSON.parse(line) as (string | null)[];
}
