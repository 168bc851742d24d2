import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** With a driver in trouble it can hang for ever. */
const TIMEOUT_MS = 10_000;

/** Its output; empty where it is not there, does not know a field or hangs. */
export async function nvidiaSmi(args: readonly string[]): Promise<string> {
  const done = await promisify(execFile)('nvidia-smi', args, { timeout: TIMEOUT_MS }).catch(() => null);
  return done?.stdout ?? '';
}
