import type { Readable } from 'node:stream';

/** With the cache time of the keyring, a stream ends less than a second after its key was revoked. */
const LOOK_MS = 400;

/**
 * Ends a long response when `mayGoOn` returns false. An error of `mayGoOn` ends nothing: the next check decides.
 */
export function endWhenRevoked(body: Readable, mayGoOn: () => Promise<boolean>): void {
  let looking = false;
  const timer = setInterval(async () => {
    if (looking) return;
    looking = true;
    const ended = await mayGoOn().then(
      (valid) => !valid,
      () => false,
    );
    looking = false;
    if (ended) body.destroy();
  }, LOOK_MS);
  body.once('close', () => clearInterval(timer));
}
