import { PRIVATE_UMASK } from '../contract/private-files.js';
import type { Settings } from '../contract/settings.js';
import { migrate } from '../jobs/store/connection/migrate.js';
import { canListen } from '../provision/processes.js';
import type { Part, Progress } from '../provision/progress.js';
import { requireRestored } from './backup/interrupted.js';
import { CHILDREN, type ChildName, childEnvironment, childSpec, STOP_BY_MS, STOP_ORDER } from './children.js';
import { compileService } from './compile.js';
import { type ClaimedHome, claimHome, describeHolder } from './home.js';
import { type ServerName, type Servers, startServers } from './servers.js';
import { setUp } from './setup.js';
import { type ChildSpec, type Supervised, SupervisedChild } from './supervisor.js';

export interface ServiceOptions {
  settings: Settings;
  progress: Progress;
  /** Output of the children. With a file descriptor, it does not disturb the display of the caller. */
  output?: ChildSpec['output'];
  /** Aborting it stops the start, and everything that was started. */
  signal?: AbortSignal;
}

export interface Service {
  apiUrl: string;
  databaseUrl: string;
  redisUrl: string;
  /** The parts that setup had to install. */
  parts: Part[];
  /** Handles to end, kill or restart one process. Meanwhile it is restarted after crashes. */
  children: Record<ChildName, SupervisedChild>;
  /** The same for the database servers that run here. */
  servers: Partial<Record<ServerName, Supervised<void>>>;
  pids(): Record<string, number | undefined>;
  /** Stops everything in order. Further calls wait for the same end. */
  stop(): Promise<void>;
}

/** Sets up missing parts and starts the whole service on one machine. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { progress, signal } = options;
  const undo: Undo[] = [];
  const stop = once(() => unwind(undo));
  try {
    const { settings, announce } = await ownHome(options.settings, undo);
    await requireFreePort(settings);
    const parts = await abortable(() => setUp(progress), signal);
    await compileService();
    // Files that set-up and compiler install are no secrets, and belong to every account that may run this checkout.
    process.umask(PRIVATE_UMASK);
    const servers = await startServers(settings, progress);
    undo.push((left) => servers.stop(left(STOP_BY_MS.servers)));
    await applyMigrations(servers, progress);
    const env = await childEnvironment(settings, servers);
    const children = makeChildren(env, options);
    undo.push(async (left) => {
      for (const name of STOP_ORDER) await children[name].stop(left(STOP_BY_MS[name]));
    });
    const apiUrl = await abortable(() => startChildren(children, env), signal);
    announce(apiUrl);
    const pids = () => pidsOf({ ...servers.children, ...children });
    const { databaseUrl, redisUrl } = servers;
    return { apiUrl, databaseUrl, redisUrl, parts, children, servers: servers.children, pids, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One service a home: two would fight over its servers and its slots. @returns the settings with its real path */
async function ownHome(
  settings: Settings,
  undo: Undo[],
): Promise<{ settings: Settings; announce: ClaimedHome['announce'] }> {
  const claimed = await claimHome(settings.home);
  if (!claimed)
    throw new Error(
      `Strata already runs on ${settings.home}. ${await describeHolder(settings.home)}\nOr set STRATA_HOME to another folder.`,
    );
  const { path, lock, announce } = claimed;
  undo.push(async () => lock.release());
  announce(null);
  await requireRestored(path);
  return { settings: { ...settings, home: path }, announce };
}

/** Checked before minutes of setup. */
async function requireFreePort({ host, port }: Settings): Promise<void> {
  if (port === 0 || (await canListen(host, port))) return;
  throw new Error(
    `PORT: another program listens on ${host}:${port}. Stop it, or set PORT to another port (0: any).`,
  );
}

async function applyMigrations(servers: Servers, progress: Progress): Promise<void> {
  await progress.step('migrating the database', () => migrate(servers.directUrl));
}

function makeChildren(env: NodeJS.ProcessEnv, options: ServiceOptions): Record<ChildName, SupervisedChild> {
  const { output = 'inherit', progress } = options;
  return mapValues(
    CHILDREN,
    (_file, name) => new SupervisedChild(childSpec(name, env, output, progress.line)),
  );
}

async function startChildren(
  children: Record<ChildName, SupervisedChild>,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const starts = [children.api.start(), children.dispatcher.start(), children.worker.start()] as const;
  const [{ url, port }] = await Promise.all(starts);
  const apiUrl = url ?? `http://${env.HOST}:${port ?? env.PORT}`;
  // With PORT=0, the first start took a free port. A restarted API must use the same one.
  env.PORT = new URL(apiUrl).port;
  return apiUrl;
}

/** Rejects when the signal aborts, without waiting for the work. The next start cleans up what is incomplete. */
async function abortable<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work();
  signal.throwIfAborted();
  const aborted = new Promise<never>((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
  return Promise.race([work(), aborted]);
}

/** Undoes one step of the start. @param left milliseconds left until so many have passed since the stop began */
type Undo = (left: (byMs: number) => number) => Promise<void>;

/** Stops in reverse order of the start. A failure to stop one part does not keep the others running. */
async function unwind(undo: Undo[]): Promise<void> {
  const failures: unknown[] = [];
  const startedAt = performance.now();
  const left = (byMs: number) => Math.max(0, startedAt + byMs - performance.now());
  for (const step of undo.splice(0).reverse()) await step(left).catch((error) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'));
}

function pidsOf(processes: Readonly<Record<string, { readonly pid: number | undefined }>>) {
  return mapValues({ ...processes }, ({ pid }) => pid);
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}

function mapValues<K extends string, A, B>(record: Record<K, A>, map: (value: A, key: K) => B): Record<K, B> {
  const entries = Object.entries(record) as [K, A][];
  return Object.fromEntries(entries.map(([key, value]) => [key, map(value, key)])) as Record<K, B>;
}
