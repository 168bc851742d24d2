import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CliError, EXIT } from './exit.js';

/** The server and the key of `strata login`. */
export interface Config {
  readonly url?: string;
  readonly api_key?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Folder of the files that the command keeps. */
export function configFolder({ XDG_CONFIG_HOME: home }: Environment): string {
  // The specification ignores relative paths.
  return join(home?.startsWith('/') ? home : join(homedir(), '.config'), 'strata');
}

export function configFile(environment: Environment): string {
  return join(configFolder(environment), 'config.json');
}

export async function readConfig(environment: Environment): Promise<Config> {
  const path = configFile(environment);
  const value = await readJson(path);
  const { url, api_key: key } = value;
  if ((url !== undefined && typeof url !== 'string') || (key !== undefined && typeof key !== 'string'))
    throw new CliError(
      EXIT.usage,
      `${path}: url and api_key must be text.`,
      'Write it anew with `strata login`.',
    );
  return { ...(url !== undefined && { url }), ...(key !== undefined && { api_key: key }) };
}

export function writeConfig(environment: Environment, config: Config): Promise<void> {
  return writePrivate(configFile(environment), config);
}

/** @returns {} where there is no such file. @throws CliError where it is no JSON object */
export async function readJson(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '{}';
    throw new CliError(EXIT.usage, `${path} cannot be read (${error.code}).`);
  });
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {}
  throw new CliError(EXIT.usage, `${path} is not a JSON object.`, 'Correct or remove that file.');
}

/** Replaces a file that only its owner may read. Nobody sees a half-written one. */
export async function writePrivate(path: string, value: unknown): Promise<void> {
  const folder = join(path, '..');
  const draft = `${path}.${process.pid}`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    await writeFile(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    await chmod(draft, 0o600);
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}
