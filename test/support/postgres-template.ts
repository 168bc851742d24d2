import { createHash } from 'node:crypto';
import { appendFile, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from '../../src/jobs/store/connection/migrate.js';
import { exec } from '../../src/provision/exec.js';
import { embeddedPostgresVersion } from '../../src/provision/postgres/files.js';
import { startPostgres } from '../../src/provision/postgres/postgres.js';

/** Sources of what a new Postgres with the schema holds. */
const SOURCES = [
  'prisma/migrations',
  'src/provision/postgres',
  'src/jobs/store/connection',
  'test/support/postgres-template.ts',
];

/**
 * Puts a Postgres with the schema, which is not running, into a new home. It is copied from one that is made once for all
 * test files, because initdb and the migrations take seconds. It leaves the disk to the operating system: tests end
 * processes, never the machine.
 * @returns false where the files of Postgres belong to another account and cannot be copied
 */
export async function copyPostgres(home: string): Promise<boolean> {
  const template = await postgresTemplate();
  if ((await lstat(template)).isSymbolicLink()) return false;
  await exec('cp', ['-a', '--reflink=auto', template, join(home, 'postgres')]);
  return true;
}

async function postgresTemplate(): Promise<string> {
  const root = join(tmpdir(), `strata-test-postgres-${userInfo().uid}`);
  await mkdir(root, { recursive: true, mode: 0o700 });
  const stored = join(root, await version());
  const template = join(stored, 'postgres');
  if (await exists(template)) return template;
  const home = await mkdtemp(join(root, 'partial-'));
  const postgres = await startPostgres(home);
  await migrate(postgres.url);
  await postgres.stop();
  await appendFile(join(home, 'postgres', 'data', 'postgresql.conf'), '\nfsync = off\n');
  // Each copy chooses a port of its own.
  await rm(join(home, 'postgres', 'port'));
  // Another test file may have made it meanwhile.
  await rename(home, stored).catch(() => rm(home, { recursive: true }));
  return template;
}

async function version(): Promise<string> {
  // initdb writes the zone of the machine into the settings of the server.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const hash = createHash('sha256').update(`${embeddedPostgresVersion()} ${zone}`);
  for (const source of SOURCES) {
    const path = fileURLToPath(new URL(`../../${source}`, import.meta.url));
    for (const file of await filesOf(path)) hash.update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 32);
}

async function filesOf(path: string): Promise<string[]> {
  if ((await lstat(path)).isFile()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath ?? entry.path, entry.name)).sort();
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
