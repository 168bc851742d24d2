import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import type { Settings } from '../../contract/settings.js';
import { STRATA_VERSION } from '../../jobs/process/version.js';
import { readSnapshot, type Snapshot } from '../../jobs/store/backup/snapshot.js';
import { tryAcquire } from '../../provision/lock.js';
import type { Progress } from '../../provision/progress.js';
import { orNull, syncToDisk } from '../../storage/files.js';
import { PinnedFiles } from '../../storage/pinned-files.js';
import { withHomeDatabase } from '../home-database.js';
import { readStream, writeFileOf } from './files.js';
import { requireFolder } from './folder-only.js';
import { type FileEntry, type Manifest, type TableEntry, tablePath, writeManifest } from './manifest.js';

export interface BackupReport {
  readonly folder: string;
  readonly manifest: Omit<Manifest, 'format'>;
  /** Blobs that were left out because their bytes had changed. */
  readonly damaged: readonly string[];
}

/**
 * Copies all that a service keeps into a new folder, while it runs or rests: the database, which may be a server of the
 * operator's own, the blobs, and the key of secrets in the home. The folder gets its name when it is complete;
 * until then it is called `<folder>.partial`.
 */
export async function backUp(
  settings: Settings,
  target: string,
  progress: Progress,
  now: () => Date,
): Promise<BackupReport> {
  const folder = resolve(target);
  const { home } = settings;
  await requireData(settings);
  await requireFree(folder, home);
  const lock = await tryAcquire(join(home, 'backup'));
  if (!lock) throw new Error(`Another backup of ${home} is being made. Wait until it has ended.`);
  try {
    const partial = `${folder}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true, mode: 0o700 });
    const report = await copyHome(settings, partial, progress, now);
    await rename(partial, folder);
    await syncToDisk(dirname(folder));
    return { folder, ...report };
  } finally {
    lock.release();
  }
}

async function requireData({ home, databaseUrl, blobUrl }: Settings): Promise<void> {
  requireFolder(blobUrl);
  const blobs = fileURLToPath(blobUrl);
  if (databaseUrl && (await orNull(stat(blobs))) === null)
    throw new Error(
      `${blobs} does not exist. Set BLOB_URL to the folder of the blobs, on a machine that has it.`,
    );
  if (!databaseUrl && (await orNull(stat(join(home, 'postgres')))) === null)
    throw new Error(`${home} holds no data to back up. Set STRATA_HOME to the folder of the service.`);
  if (databaseUrl) await mkdir(home, { recursive: true, mode: 0o700 });
}

async function requireFree(folder: string, home: string): Promise<void> {
  if (!relative(home, folder).startsWith('..'))
    throw new Error(`${folder} lies in the home, and would be lost with it. Name a folder elsewhere.`);
  if (((await orNull(readdir(folder))) ?? []).length > 0)
    throw new Error(`${folder} is not empty. Name a folder that does not exist yet.`);
}

async function copyHome(
  settings: Settings,
  folder: string,
  progress: Progress,
  now: () => Date,
): Promise<Omit<BackupReport, 'folder'>> {
  const pins = new PinnedFiles(fileURLToPath(settings.blobUrl));
  await pins.release();
  try {
    const created_at = now().toISOString();
    const database = await progress.step('copying the database', () =>
      withHomeDatabase(settings, async (databaseUrl) => {
        await pins.pin();
        return readSnapshot(databaseUrl, async (snapshot) => {
          await pins.pin();
          return copyTables(snapshot, folder);
        });
      }),
    );
    const { files, damaged } = await progress.step('copying the blobs', () => copyPinned(pins, folder));
    const secret = await copySecret(settings, folder);
    const { migrations, tables, files: tableFiles } = database;
    const all = [...tableFiles, ...files, ...secret];
    const manifest = { version: STRATA_VERSION, created_at, migrations, tables, files: all };
    await writeManifest(folder, manifest);
    return { manifest, damaged };
  } finally {
    await pins.release();
  }
}

async function copyTables(snapshot: Snapshot, folder: string) {
  const tables: TableEntry[] = [];
  const files: FileEntry[] = [];
  for (const [name, columns] of snapshot.tables) {
    let rows = 0;
    const lines = async function* () {
      for await (const row of snapshot.rows(name)) {
        rows++;
        yield `${JSON.stringify(row)}\n`;
      }
    };
    const packed = createGzip();
    const text = Readable.from(lines(), { objectMode: false });
    text.once('error', (error) => packed.destroy(error));
    files.push(await writeFileOf(folder, tablePath(name), text.pipe(packed)));
    tables.push({ name, columns: columns.map((column) => column.name), rows });
  }
  return { migrations: snapshot.migrations, tables, files };
}

async function copyPinned(pins: PinnedFiles, folder: string) {
  const files: FileEntry[] = [];
  const damaged: string[] = [];
  for await (const { name, path } of pins.files()) {
    const file = join('blobs', name);
    const entry = await writeFileOf(folder, file, readStream('/', { path }));
    if (name.startsWith('blobs/') && !name.endsWith(`/${entry.sha256}`)) {
      damaged.push(name);
      await rm(join(folder, file));
    } else files.push(entry);
  }
  return { files, damaged };
}

/** With STRATA_SECRET_KEY there is no such file: whoever runs the service keeps that key. */
async function copySecret({ home }: Settings, folder: string): Promise<FileEntry[]> {
  const name = 'secret.key';
  if ((await orNull(stat(join(home, name)))) === null) return [];
  return [await writeFileOf(folder, name, readStream(home, { path: name }))];
}
