import { chown } from 'node:fs/promises';
import { exec, works } from '../exec.js';

/** Way to run the commands of Postgres, which refuses to run as root. */
export interface RunAs {
  kind: 'self' | 'namespace' | 'account';
  command(file: string, args: readonly string[]): [file: string, args: string[]];
  /** Makes the account that runs the commands the owner of a file or folder. */
  own(path: string): Promise<void>;
}

const self: RunAs = {
  kind: 'self',
  command: (file, args) => [file, [...args]],
  own: async () => {},
};

/**
 * Chooses how to run here: as the current user, otherwise in a user namespace in which root looks like `nobody`,
 * otherwise as that account.
 */
export async function chooseRunAs(): Promise<RunAs> {
  if (process.getuid?.() !== 0) return self;
  const namespace = await asNamespace();
  const [file, args] = namespace.command('true', []);
  return (await works(file, ...args)) ? namespace : asAccount();
}

async function asNamespace(): Promise<RunAs> {
  // initdb looks up its user, so the account must exist.
  const [uid, gid] = await nobody();
  const prefix = ['--user', `--map-user=${uid}`, `--map-group=${gid}`, '--'];
  return { ...self, kind: 'namespace', command: (file, args) => ['unshare', [...prefix, file, ...args]] };
}

/** For containers that forbid user namespaces. The files then belong to that account. */
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
