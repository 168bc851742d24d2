import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compilePreload } from '../../support/preload.js';

const SOURCE = fileURLToPath(new URL('./watch.cpp', import.meta.url));
const EVERYBODY = 0o666;

/** Something that a process did through the C library. */
export interface Deed {
  readonly kind: 'program' | 'read' | 'write' | 'lookup' | 'connect' | 'send';
  /** The module or program of the process. */
  readonly process: string;
  /** A path, a name, or an address with its port. */
  readonly what: string;
}

export interface Watch {
  /** Makes a process watched, and all that it starts. */
  readonly env: Readonly<Record<string, string>>;
  /** All that was done, each thing once a process. */
  deeds(): Promise<Deed[]>;
}

/** @param folder a temporary one, which Postgres's account must reach */
export async function watchIn(folder: string): Promise<Watch> {
  const library = await compilePreload(SOURCE, folder);
  const log = join(folder, 'deeds');
  await writeFile(log, '');
  await chmod(log, EVERYBODY);
  return {
    env: { LD_PRELOAD: library, EGRESS_LOG: log },
    deeds: async () => [...new Set((await readFile(log, 'utf8')).trimEnd().split('\n'))].map(deedOf),
  };
}

function deedOf(line: string): Deed {
  const [kind, process = '', what = ''] = line.split('\t');
  return { kind: kind as Deed['kind'], process, what };
}
