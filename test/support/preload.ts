import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../../src/provision/exec.js';

const EVERYBODY = 0o777;

/**
 * Compiles C++ that takes the place of functions of the C library in a process that starts with LD_PRELOAD.
 * @param folder a temporary one, which then every account can reach: Postgres has one of its own
 * @returns the value for LD_PRELOAD
 */
export async function compilePreload(source: string, folder: string): Promise<string> {
  const library = join(folder, 'preload.so');
  await exec('g++', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl']);
  for (const path of [folder, library]) await chmod(path, EVERYBODY);
  return library;
}
