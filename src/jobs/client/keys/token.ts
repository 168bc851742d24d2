import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const SECRET_BYTES = 32;
/** `strata_<24 hex: the id without its kind>_<64 hex: the secret>` */
const TOKEN = /^strata_([0-9a-f]{24})_([0-9a-f]{64})$/;
const KIND = 'key_';

export interface Token {
  readonly keyId: string;
  readonly secret: string;
}

export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('hex');
}

export function formatToken({ keyId, secret }: Token): string {
  return `strata_${keyId.slice(KIND.length)}_${secret}`;
}

/** @returns null for a text that is not an API key */
export function parseToken(text: string): Token | null {
  const [, id, secret] = TOKEN.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { keyId: `${KIND}${id}`, secret };
}

/** One round of sha256 is enough: 256 random bits cannot be guessed, however fast the hash is. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Compares in constant time. */
export function hasHash(secret: string, hash: string): boolean {
  return timingSafeEqual(Buffer.from(hashSecret(secret), 'hex'), Buffer.from(hash, 'hex'));
}
