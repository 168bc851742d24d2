import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { createClient, StrataProblem } from '../../../client/src/index.js';
import { configFile, writeConfig } from '../config.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../exit.js';
import { DEFAULT_URL, keyIdOf } from '../target.js';

/** Saves the address and the key after a request with them has worked. The key is read from stdin or asked for. */
export async function login(context: Context): Promise<void> {
  const { target, environment, out } = context;
  const key = environment.STRATA_API_KEY || (await readKey());
  const { url } = target;
  const strata = createClient({ url, apiKey: key === '' ? undefined : key });
  // A key without this permission is a valid one, too.
  await strata.jobs.list({ limit: 1 }).catch((error: unknown) => {
    if (!(error instanceof StrataProblem && error.code === 'scope_missing')) throw error;
  });
  await writeConfig(environment, { url, ...(key !== '' && { api_key: key }) });
  out.note(`✓ ${url} ${key === '' ? 'needs no key' : 'takes the key'}; saved in ${configFile(environment)}`);
}

async function readKey(): Promise<string> {
  if (process.stdin.isTTY) return ask('API key (none for a server without keys): ');
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(piece);
  return checked(Buffer.concat(pieces).toString('utf8'));
}

/** Asks without showing the typed characters. */
async function ask(question: string): Promise<string> {
  process.stderr.write(question);
  const nothing = new Writable({ write: (_piece, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: nothing, terminal: true });
  reader.on('SIGINT', () => process.exit(EXIT.detached));
  try {
    return checked(await reader.question(''));
  } finally {
    reader.close();
    process.stderr.write('\n');
  }
}

function checked(text: string): string {
  const key = text.trim();
  if (key !== '' && !/^[\x21-\x7e]+$/.test(key))
    throw new CliError(EXIT.usage, 'That is not an API key: a key is one word, like strata_<id>_<secret>.');
  return key;
}

export async function logout({ environment, config, out }: Context): Promise<void> {
  await rm(configFile(environment), { force: true });
  out.note(config.url === undefined ? 'Nothing was saved.' : `✓ forgot ${config.url} and its key`);
}

/** Who the server takes us for. What a key may do, only a key with the scope `admin` can ask. */
export async function whoami({ strata, target, out }: Context): Promise<void> {
  const { url, apiKey, keyFrom } = target;
  const id = keyIdOf(apiKey);
  const known =
    id === undefined ? undefined : await strata.http.GET('/api-keys/{id}', { params: { path: { id } } });
  if (known?.data === undefined) {
    const refusal = await refusalOf(strata);
    if (refusal !== null && refusal.code !== 'scope_missing') throw refusal;
  }
  if (out.options.json) return out.json(known?.data ?? { url, key_id: id ?? null });
  if (out.options.quiet) return out.line(id ?? '');
  out.fields([
    ['server', url === DEFAULT_URL && keyFrom === null ? `${url} (the default)` : url],
    ['key', keyFrom === null ? 'none' : `${id ?? '?'}, from ${keyFrom}`],
    ['name', known?.data?.name],
    ['tenant', known?.data?.tenant],
    ['scopes', known?.data?.scopes.join(', ')],
  ]);
}

async function refusalOf(strata: Context['strata']): Promise<StrataProblem | null> {
  try {
    await strata.jobs.list({ limit: 1 });
    return null;
  } catch (error) {
    if (error instanceof StrataProblem) return error;
    throw error;
  }
}
