import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Settings } from '../../contract/settings.js';
import { holdsTables } from '../../jobs/store/backup/load.js';
import type { Progress } from '../../provision/progress.js';
import { orNull, syncToDisk } from '../../storage/files.js';
import { claimHome, describeHolder } from '../home.js';
import { copyIntact } from './files.js';
import { requireFolder } from './folder-only.js';
import { RESTORING } from './interrupted.js';
import type { FileEntry, Manifest } from './manifest.js';
import { checkBackup, fillDatabase, type Restored } from './restore.js';

/** The database of `DATABASE_URL`, the folder of the blobs, and the home, which gets the key of secrets. */
export interface Outside extends Pick<Settings, 'home' | 'blobUrl'> {
  readonly databaseUrl: string;
}

const SECRET = 'secret.key';

/**
 * Fills an empty database of the operator's own server, and an empty folder of blobs. Blobs get their places after the
 * rows are there; until then no service starts on the home.
 */
export async function restoreOutside(to: Outside, backup: string, progress: Progress): Promise<Restored> {
  requireFolder(to.blobUrl);
  const folder = resolve(backup);
  const manifest = await progress.step('checking the backup', () => checkBackup(folder));
  const claimed = await claimHome(to.home);
  if (!claimed) throw new Error(`Strata runs on ${to.home}. ${await describeHolder(to.home)}`);
  const home = claimed.path;
  const blobs = fileURLToPath(to.blobUrl);
  const partials = [join(blobs, RESTORING), join(home, RESTORING)];
  try {
    await Promise.all(partials.map((path) => rm(path, { recursive: true, force: true })));
    await requireNothingThere(to, blobs, home, manifest);
    await Promise.all(partials.map((path) => mkdir(path, { recursive: true, mode: 0o700 })));
    const migrated = await fill(to, folder, manifest, { blobs, home }, progress);
    return { manifest, migrated };
  } finally {
    await Promise.all(partials.map((path) => rm(path, { recursive: true, force: true })));
    claimed.lock.release();
  }
}

async function requireNothingThere(
  { databaseUrl }: Outside,
  blobs: string,
  home: string,
  manifest: Manifest,
): Promise<void> {
  if (await holdsTables(databaseUrl))
    throw new Error(
      'The database of DATABASE_URL holds tables already. Make a new, empty one (createdb), and set DATABASE_URL to it.',
    );
  if (((await orNull(readdir(blobs))) ?? []).length > 0)
    throw new Error(`${blobs} is not empty. Set BLOB_URL to a folder that is missing or empty.`);
  const hasSecret = manifest.files.some(({ path }) => path === SECRET);
  if (hasSecret && (await orNull(stat(join(home, SECRET)))) !== null)
    throw new Error(
      `${home} has a ${SECRET} already, which the one of the backup would replace. Set STRATA_HOME to another folder.`,
    );
}

interface Folders {
  readonly blobs: string;
  readonly home: string;
}

async function fill(
  { databaseUrl }: Outside,
  folder: string,
  manifest: Manifest,
  { blobs, home }: Folders,
  progress: Progress,
): Promise<readonly string[]> {
  const kept = manifest.files.filter(({ path }) => !path.startsWith('database/'));
  const placed = async (isHere: (entry: FileEntry) => boolean, to: string) => {
    for (const entry of kept.filter(isHere)) await copyIntact(folder, entry, join(to, RESTORING));
  };
  await progress.step('restoring the blobs', async () => {
    await placed(({ path }) => path !== SECRET, blobs);
    await placed(({ path }) => path === SECRET, home);
  });
  const migrated = await progress.step('restoring the database', () =>
    fillDatabase(databaseUrl, folder, manifest),
  );
  // A backup has the store below a folder of its own.
  await moveAll(join(blobs, RESTORING, 'blobs'), blobs);
  await moveAll(join(home, RESTORING), home);
  return migrated;
}

async function moveAll(from: string, to: string): Promise<void> {
  for (const name of (await orNull(readdir(from))) ?? []) await rename(join(from, name), join(to, name));
  await syncToDisk(to);
}
