import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1';

/** The secret was encrypted with another key, or is damaged. */
export class UnopenableSecretError extends Error {
  constructor(cause: unknown) {
    super(
      'its secret cannot be decrypted with the key of this service (STRATA_SECRET_KEY, or secret.key in STRATA_HOME); restore the key that encrypted it, or set the secret again',
      { cause },
    );
    this.name = 'UnopenableSecretError';
  }
}

/**
 * Encrypts values that must be read again, like signing secrets. A copy of the database alone cannot decrypt them.
 */
export interface SecretBox {
  /** @param owner id of the row with the secret. In another row, the secret cannot be decrypted. */
  seal(text: string, owner: string): string;
  /** @throws UnopenableSecretError if the key, the owner or the text differs */
  open(sealed: string, owner: string): string;
}

/** @param key 32 bytes */
export function secretBox(key: Buffer): SecretBox {
  return {
    seal(text, owner) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(owner));
      const bytes = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return `${VERSION}.${Buffer.concat([nonce, cipher.getAuthTag(), bytes]).toString('base64')}`;
    },
    open(sealed, owner) {
      try {
        return openSealed(key, sealed, owner);
      } catch (error) {
        throw new UnopenableSecretError(error);
      }
    },
  };
}

function openSealed(key: Buffer, sealed: string, owner: string): string {
  const [version, data = ''] = sealed.split('.');
  if (version !== VERSION) throw new Error(`a secret was encrypted in an unknown format: ${version}`);
  const bytes = Buffer.from(data, 'base64');
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(owner)).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
}
