import { readFile } from 'node:fs/promises';
import type { NewJob } from '../../client/src/index.js';
import { CliError, EXIT } from './exit.js';

type Value = Record<string, unknown>;

/**
 * A job's spec: the JSON or YAML of a file, or of stdin for `-`, with the changes of `--set`. Nothing else is checked
 * here: the server knows the contract.
 */
export async function readSpec(path: string | undefined, sets: readonly string[]): Promise<NewJob> {
  if (path === undefined && sets.length === 0)
    throw new CliError(EXIT.usage, 'No job was given.', 'Name a file, - for stdin, or fields with --set.');
  const spec = path === undefined ? {} : await parse(await readText(path), path);
  return (await withSets(spec, sets)) as NewJob;
}

/** Sets fields by their paths, like `method.stages=4`. Values are JSON or YAML; other text is a string. */
export async function withSets(spec: Value, sets: readonly string[]): Promise<Value> {
  for (const set of sets) {
    const at = set.indexOf('=');
    if (at < 1) throw new CliError(EXIT.usage, `--set ${set}: write it as field=value, like method.stages=4`);
    const value = await scalar(set.slice(at + 1));
    setAt(spec, set.slice(0, at).split('.'), value, set);
  }
  return spec;
}

async function scalar(text: string): Promise<unknown> {
  const { parse: parseYaml } = await import('yaml');
  try {
    return text === '' ? '' : parseYaml(text);
  } catch {
    return text;
  }
}

function setAt(spec: Value, path: readonly string[], value: unknown, set: string): void {
  const [name = '', ...rest] = path;
  if (name === '' || name === '__proto__')
    throw new CliError(EXIT.usage, `--set ${set}: '${name}' is not the name of a field`);
  if (rest.length === 0) {
    spec[name] = value;
    return;
  }
  const inner = Object.hasOwn(spec, name) ? spec[name] : undefined;
  const group = isGroup(inner) ? inner : {};
  spec[name] = group;
  setAt(group, rest, value, set);
}

async function readText(path: string): Promise<string> {
  if (path === '-') {
    const pieces: Buffer[] = [];
    for await (const piece of process.stdin) pieces.push(piece);
    return Buffer.concat(pieces).toString('utf8');
  }
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(EXIT.usage, `${path} cannot be read (${error.code}).`);
  });
}

async function parse(text: string, path: string): Promise<Value> {
  const name = path === '-' ? 'stdin' : path;
  const value = await parseText(text).catch((error: Error) => {
    throw new CliError(EXIT.usage, `${name} is neither JSON nor YAML: ${error.message.split('\n')[0]}`);
  });
  if (!isGroup(value))
    throw new CliError(EXIT.usage, `${name} holds no job: an object like {"dataset": "mnist"}.`);
  return value;
}

async function parseText(text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    const { parse: parseYaml } = await import('yaml');
    return parseYaml(text);
  }
}

export function isGroup(value: unknown): value is Value {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
