import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1';

/** Sealed with another key, or damaged since. */
export class UnopenableSecretError extends Error {
  constructor(cause: unknown) {
    super(
      'its secret does not open with the key of this service (STRATA_SECRET_KEY, or secret.key of STRATA_HOME); restore the key that sealed it, or give the secret anew',
      { cause },
    );
    this.name = 'UnopenableSecretError';
  }
}

/** Keeps what must be read again, like a signing secret, unreadable for whoever has the database alone. */
export interface SecretBox {
  /** @param owner id of the row that will hold it: moved to another row, it does not open */
  seal(text: string, owner: string): string;
  /** @throws UnopenableSecretError where the key, the owner or the text is not the one it was sealed with */
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
  if (version !== VERSION) throw new Error(`a secret was sealed in an unknown way: ${version}`);
  const bytes = Buffer.from(data, 'base64');
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(owner)).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
}
