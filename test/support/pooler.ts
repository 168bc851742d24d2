import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { chooseRunAs } from '../../src/provision/postgres/run-as.js';
import { freePort } from '../../src/provision/processes.js';
import { eventually } from './eventually.js';

/** The first version that keeps prepared statements in transaction pooling. */
export const NEEDED = [1, 21] as const;

/** A program of one's own: PGBOUNCER=/path/to/pgbouncer. */
const program = process.env.PGBOUNCER ?? 'pgbouncer';

export interface PoolerVersion {
  readonly major: number;
  readonly minor: number;
  readonly text: string;
}

/** The installed PgBouncer; null if there is none. */
export function findPooler(): PoolerVersion | null {
  try {
    const said = execFileSync(program, ['--version'], { encoding: 'utf8' });
    const [, text = '', major, minor] = /PgBouncer ((\d+)\.(\d+)\S*)/.exec(said)!;
    return { major: Number(major), minor: Number(minor), text };
  } catch {
    return null;
  }
}

export function keepsPreparedStatements({ major, minor }: PoolerVersion): boolean {
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

export interface Pooler {
  /** The address of the database through it. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/**
 * Starts PgBouncer as docs/operating.md says.
 * @param size connections to Postgres
 */
export async function startPooler(databaseUrl: string, size = 5): Promise<Pooler> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const folder = await mkdtemp(join(tmpdir(), 'strata-pooler-'));
  const own = await freePort();
  const file = join(folder, 'pgbouncer.ini');
  const version = findPooler();
  const lines = [
    '[databases]',
    `* = host=${hostname} port=${port} user=${username} password=${password}`,
    '[pgbouncer]',
    `listen_addr = 127.0.0.1\nlisten_port = ${own}\nunix_socket_dir =`,
    'auth_type = any\nmax_client_conn = 4000',
    `pool_mode = transaction\ndefault_pool_size = ${size}`,
    ...(version && keepsPreparedStatements(version) ? ['max_prepared_statements = 500'] : []),
    'ignore_startup_parameters = extra_float_digits,statement_timeout,idle_in_transaction_session_timeout',
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  await chmod(folder, 0o755);
  // It does not run as root.
  const child = spawn(...(await chooseRunAs()).command(program, [file]), { stdio: 'ignore' });
  await once(child, 'spawn');
  const url = Object.assign(new URL(databaseUrl), { port: String(own), pathname }).href;
  await eventually('PgBouncer', async () => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    return client.connect().then(
      () => client.end().then(() => true),
      () => false,
    );
  });
  return {
    url,
    // The command becomes PgBouncer: its process has this id.
    pid: child.pid ?? 0,
    async stop() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      await rm(folder, { recursive: true });
    },
  };
}
