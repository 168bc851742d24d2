import { createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign } from 'node:crypto';

/** The key with which the service signs statements about models. */
export interface SigningKey {
  /** sha256 of the public key, as DER. */
  readonly keyId: string;
  /** The public key, as PEM. */
  readonly publicPem: string;
  sign(bytes: Uint8Array): Buffer;
}

/** ASN.1 of an Ed25519 key before its 32 bytes (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SEED_BYTES = 32;
const PURPOSE = 'strata signing key, version 1';

/**
 * Derives the key from the service's secret, so that there is one secret to keep, and all processes sign with the same key.
 * @param secret of `loadSecretKey`
 */
export function signingKey(secret: Buffer): SigningKey {
  const seed = Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), PURPOSE, SEED_BYTES));
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key);
  return {
    keyId: createHash('sha256').update(derOf(publicKey)).digest('hex'),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: (bytes) => sign(null, bytes, key),
  };
}

const derOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
