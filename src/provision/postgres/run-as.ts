import { chown } from 'node:fs/promises';
import { exec, works } from '../exec.js';

/** How Postgres' commands are run: it refuses to run as root. */
export interface RunAs {
  kind: 'self' | 'namespace' | 'account';
  command(file: string, args: readonly string[]): [file: string, args: string[]];
  /** Gives a file or folder to whoever the commands run as. */
  own(path: string): Promise<void>;
}

const self: RunAs = {
  kind: 'self',
  command: (file, args) => [file, [...args]],
  own: async () => {},
};

/** The one to use here: ourselves, else a user namespace in which root looks like `nobody`, else that account. */
export async function chooseRunAs(): Promise<RunAs> {
  if (process.getuid?.() !== 0) return self;
  const namespace = await asNamespace();
  const [file, args] = namespace.command('true', []);
  return (await works(file, ...args)) ? namespace : asAccount();
}

async function asNamespace(): Promise<RunAs> {
  // initdb looks its user up: only an account that exists will do.
  const [uid, gid] = await nobody();
  const prefix = ['--user', `--map-user=${uid}`, `--map-group=${gid}`, '--'];
  return { ...self, kind: 'namespace', command: (file, args) => ['unshare', [...prefix, file, ...args]] };
}

/** For containers that forbid user namespaces. Files then belong to that account. */
export async function asAccount(): Promise<RunAs> {
  const [uid, gid] = await nobody();
  const prefix = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
  return {
    kind: 'account',
    command: (file, args) => ['setpriv', [...prefix, file, ...args]],
    own: (path) => chown(path, uid, gid),
  };
}

async function nobody(): Promise<[uid: number, gid: number]> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => exec('id', [flag, 'nobody'])));
  return [Number(uid), Number(gid)];
}
