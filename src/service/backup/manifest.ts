import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AppliedMigration } from '../../jobs/store/connection/migrate.js';
import { syncToDisk } from '../../storage/files.js';

/** The contents of a backup. docs/operating.md, "Back-up and restore", describes the folder. */
export interface Manifest {
  readonly format: typeof FORMAT;
  /** Version of Strata that made it. */
  readonly version: string;
  readonly created_at: string;
  readonly migrations: readonly AppliedMigration[];
  readonly tables: readonly TableEntry[];
  readonly files: readonly FileEntry[];
}

export interface TableEntry {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: number;
}

export interface FileEntry {
  /** Relative to the backup, and of one of the forms of `PATHS`. */
  readonly path: string;
  readonly size_bytes: number;
  readonly sha256: string;
}

const FORMAT = 1;
const MANIFEST = 'manifest.json';
/** In the form of sha256sum: it guards the manifest, which guards all other files. */
const MANIFEST_SUM = 'manifest.sha256';

/** The files of a backup. Any other path in a manifest could lead out of the home. */
const PATHS = [
  /^database\/[a-z_]+\.jsonl\.gz$/,
  /^blobs\/blobs\/[0-9a-f]{2}\/[0-9a-f]{64}$/,
  /^blobs\/store-id$/,
  /^blobs\/spool\/import_[0-9a-f]+\/source$/,
  /^secret\.key$/,
];

export function tablePath(table: string): string {
  return `database/${table}.jsonl.gz`;
}

/** Writes the manifest, which makes the folder a backup. All other files are complete by now. */
export async function writeManifest(folder: string, manifest: Omit<Manifest, 'format'>): Promise<void> {
  const text = `${JSON.stringify({ format: FORMAT, ...manifest }, null, 1)}\n`;
  await writeSynced(join(folder, MANIFEST), text);
  await writeSynced(join(folder, MANIFEST_SUM), `${sha256(text)}  ${MANIFEST}\n`);
}

/** @throws Error for a folder without a manifest, and for a damaged one */
export async function readManifest(folder: string): Promise<Manifest> {
  const [text, sum] = await Promise.all(
    [MANIFEST, MANIFEST_SUM].map((name) => readFile(join(folder, name), 'utf8').catch(() => undefined)),
  );
  if (text === undefined || sum === undefined)
    throw new Error(`${folder} is no complete backup: it needs the files ${MANIFEST} and ${MANIFEST_SUM}.`);
  if (sum.split(' ')[0] !== sha256(text)) throw new Error(`${folder} is damaged: ${MANIFEST} has changed.`);
  const manifest = JSON.parse(text) as Manifest;
  if (manifest.format !== FORMAT)
    throw new Error(`${folder} has the format ${manifest.format}, which this version cannot read.`);
  const foreign = manifest.files.find(({ path }) => !PATHS.some((form) => form.test(path)));
  if (foreign) throw new Error(`${folder} is no backup of Strata: it names the file ${foreign.path}.`);
  return manifest;
}

async function writeSynced(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  await syncToDisk(path);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
