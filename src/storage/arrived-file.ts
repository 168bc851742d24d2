import { closeSync, openSync } from 'node:fs';
import type { ArrivingFile } from './blob-store.js';

/** A complete file, opened. */
export function openArrived(path: string): ArrivingFile {
  const descriptor = openSync(path, 'r');
  return { descriptor, waitFor: () => undefined, close: () => closeSync(descriptor) };
}
