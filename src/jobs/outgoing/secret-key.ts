import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type SecretBox, secretBox } from './secret-box.js';
import { type SigningKey, signingKey } from './signing-key.js';

const KEY_BYTES = 32;

/** Source of the key: the setting STRATA_SECRET_KEY, otherwise a file in the home folder. */
export interface SecretKeySource {
  /** 64 hex digits. */
  readonly secretKey?: string;
  readonly home: string;
}

/** Loads the key for secrets. Without the setting, it is created once, in a file that only this user can read. */
export async function loadSecretKey({ secretKey, home }: SecretKeySource): Promise<Buffer> {
  const path = join(home, 'secret.key');
  const text = secretKey ?? (await readKey(path)) ?? (await makeKey(home, path));
  const key = Buffer.from(text.trim(), 'hex');
  if (key.length !== KEY_BYTES)
    throw new Error(`${path} does not contain 64 hex digits; restore it from a backup`);
  return key;
}

/** The secret box, opened on first use. */
export function lazySecretBox(source: SecretKeySource): () => Promise<SecretBox> {
  return madeOnce(source, secretBox);
}

/** The key that signs statements, derived on first use. */
export function lazySigningKey(source: SecretKeySource): () => Promise<SigningKey> {
  return madeOnce(source, signingKey);
}

/** A failed attempt is repeated at the next use. */
function madeOnce<Made extends object>(
  source: SecretKeySource,
  make: (secret: Buffer) => Made,
): () => Promise<Made> {
  let made: Made | undefined;
  return async () => {
    made ??= make(await loadSecretKey(source));
    return made;
  };
}

async function readKey(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** Several processes may create the key at once. The first link wins, and all read its contents. */
async function makeKey(home: string, path: string): Promise<string> {
  await mkdir(home, { recursive: true });
  const own = `${path}.${randomBytes(8).toString('hex')}`;
  await writeFile(own, `${randomBytes(KEY_BYTES).toString('hex')}\n`, { mode: 0o600 });
  await link(own, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(own);
  return readFile(path, 'utf8');
}
