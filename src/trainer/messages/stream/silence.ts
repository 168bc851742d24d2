import type { Socket } from 'node:net';

/** A host that is switched off, or cut off, says nothing: each end sends a sign of life this often. */
export const PING_MS = 1_000;
/** Signs of life that may be missing: as long as the lease of a worker. */
const MISSING_PINGS = 6;

/**
 * Sends signs of life on a socket, and calls `onSilence` when the other end has sent nothing for too long. Time in which this
 * process was stopped, or does not read, does not count.
 */
export function watchSilence(socket: Socket, ping: Uint8Array, onSilence: (message: string) => void): void {
  let missing = 0;
  const heard = (): void => {
    missing = 0;
  };
  const timer = setInterval(() => {
    if (socket.isPaused()) return heard();
    missing++;
    if (missing > MISSING_PINGS) onSilence(`nothing came from it for ${(MISSING_PINGS * PING_MS) / 1000} s`);
    else if (socket.writable) socket.write(ping);
  }, PING_MS);
  socket.on('data', heard);
  socket.on('close', () => clearInterval(timer));
}
