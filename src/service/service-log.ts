import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';

/** Opens the log of the service of a home, to write at its end. Only this account can read it. */
export function openServiceLog(home: string): { readonly fd: number; readonly path: string } {
  const folder = join(home, 'logs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'service.log');
  return { path, fd: openSync(path, 'a', 0o600) };
}
