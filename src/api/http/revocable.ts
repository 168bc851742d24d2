import type { Readable } from 'node:stream';

/** Together with what the keyring remembers, an open answer outlives its key by less than a second. */
const LOOK_MS = 400;

/** Ends an answer that takes long once `mayGoOn` says no. A look that fails ends nothing: the next one follows. */
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
