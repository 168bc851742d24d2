import { execFileSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';
import { migrate } from '../../../src/jobs/store/connection/migrate.js';
import { startPostgres, stopPostgres } from '../../../src/provision/postgres/postgres.js';
import { startRedis, stopRedis } from '../../../src/provision/redis/redis.js';
import { CHILDREN, type ChildName, STOP_ORDER } from '../../../src/service/children.js';
import { compiledFile, compileService } from '../../../src/service/compile.js';
import { SupervisedChild } from '../../../src/service/supervisor.js';
import { eventually } from '../../support/eventually.js';
import { childrenOf } from '../../support/live-service.js';
import { Line } from './line.js';

const CLOCK = fileURLToPath(new URL('./jumping-clock.mjs', import.meta.url));
const QUICK_RESTARTS = { firstMs: 100, maxMs: 2_000, healthyMs: 10_000 };

/** Interval between checkpoints of a training task in these tests. */
export const CHECKPOINT_S = 1;
const ASK_MS = 2_000;
/** Postgres starts, or stops. */
const LEAVING = /^57P/;

/** The connections of one process, each through a proxy of its own. */
interface Lines {
  readonly postgres: Line;
  readonly redis: Line;
}

/** A process of the service with its connections. */
export interface Actor {
  readonly child: SupervisedChild;
  readonly lines: Lines;
}

/**
 * The whole service as `npm start` runs it, with the real trainer, and with a hand on everything: each process by its
 * id, each connection by a proxy, the disk by a file system of its own where that can be mounted.
 */
export class Theatre {
  private constructor(
    readonly home: string,
    readonly apiUrl: string,
    readonly redisUrl: string,
    readonly databaseUrl: string,
    readonly blobs: string,
    /** Whether the blob folder is a small file system that can be filled. */
    readonly fillable: boolean,
    readonly children: Record<ChildName, SupervisedChild>,
    readonly lines: Record<ChildName, Lines>,
    /** All workers, of which `children.worker` is the one that faults meet. */
    readonly workers: readonly Actor[],
  ) {}

  /** Files that a damaged disk leaves alone. */
  spared: ReadonlySet<string> = new Set();

  static async open({ slots = 1, workers: count = 1 } = {}): Promise<Theatre> {
    const home = await mkdtemp(join(tmpdir(), 'strata-faults-'));
    const blobs = join(home, 'blobs');
    await mkdir(blobs);
    const fillable = mounted(blobs);
    const [postgres, redis] = await Promise.all([startPostgres(home), startRedis(home), compileService()]);
    await migrate(postgres.url);
    const output = openSync(join(home, 'log'), 'a');
    const cast = async (name: ChildName): Promise<Actor> => {
      const file = compiledFile(CHILDREN[name]);
      const lines = { postgres: await proxyOf(postgres.url), redis: await proxyOf(redis.url) };
      const env = {
        ...process.env,
        ...(name === 'worker' && { NODE_OPTIONS: `--import ${pathToFileURL(CLOCK).href}` }),
        HOST: '127.0.0.1',
        PORT: '0',
        STRATA_HOME: home,
        DATABASE_URL: through(postgres.url, lines.postgres),
        REDIS_URL: through(redis.url, lines.redis),
        BLOB_URL: pathToFileURL(blobs).href,
        STRATA_SLOTS: String(slots),
        STRATA_THREADS: '1',
        STRATA_CHECKPOINT_S: String(CHECKPOINT_S),
        LOG_LEVEL: 'info',
      };
      const spec = { name, file, env, output, log: () => undefined };
      return { child: new SupervisedChild(spec, QUICK_RESTARTS), lines };
    };
    const [api, dispatcher] = [await cast('api'), await cast('dispatcher')];
    const workers = await Promise.all(Array.from({ length: count }, () => cast('worker')));
    const first = workers[0] as Actor;
    const children = { api: api.child, dispatcher: dispatcher.child, worker: first.child };
    const lines = { api: api.lines, dispatcher: dispatcher.lines, worker: first.lines };
    const starts = [api, dispatcher, ...workers].map(({ child }) => child.start());
    const [{ url, port } = { url: '', port: 0 }] = await Promise.all(starts);
    // A restarted API must be found where it was.
    children.api.spec.env.PORT = String(port);
    return new Theatre(home, url ?? '', redis.url, postgres.url, blobs, fillable, children, lines, workers);
  }

  /** Faults meet this worker from now on. */
  aimAt({ child, lines }: Actor): void {
    this.children.worker = child;
    this.lines.worker = lines;
  }

  /** Pids of a process, of every trainer, or of a server. */
  async pidsOf(name: ChildName | 'trainer' | 'redis' | 'postgres'): Promise<number[]> {
    if (name === 'trainer') return childrenOf(this.children.worker.pid ?? 0);
    if (name === 'redis') return [(await startRedis(this.home)).pid];
    // The postmaster's children do the work.
    if (name === 'postgres') {
      const { pid } = await startPostgres(this.home);
      return [pid, ...childrenOf(pid)];
    }
    return [this.children[name].pid ?? 0];
  }

  linesOf(name: ChildName | 'redis' | 'postgres'): Line[] {
    if (name === 'redis' || name === 'postgres') return this.allLines().map((line) => line[name]);
    return Object.values(this.lines[name]);
  }

  private allLines(): Lines[] {
    return [this.lines.api, this.lines.dispatcher, ...this.workers.map(({ lines }) => lines)];
  }

  /** Asks Postgres past all proxies; null where it does not answer. */
  async ask<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[] | null> {
    const patience = { connectionTimeoutMillis: ASK_MS, query_timeout: ASK_MS };
    const client = new pg.Client({ connectionString: this.databaseUrl, ...patience });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<Row>(text, [...values])).rows;
    } catch (error) {
      if (error instanceof pg.DatabaseError && !LEAVING.test(error.code ?? '')) throw error;
      return null;
    } finally {
      client.connection.stream.destroy();
    }
  }

  /** Resolves when a task that runs has a checkpoint, or when it is too late for any. */
  async checkpointed(): Promise<void> {
    await eventually('a checkpoint', async () => {
      const rows =
        await this.ask(`SELECT 1 FROM task JOIN checkpoint ON task_id = task.id WHERE state = 'running'
        UNION ALL SELECT 1 FROM task WHERE kind = 'finalize' AND state = 'running'`);
      return (rows?.length ?? 0) > 0;
    });
  }

  async close(): Promise<void> {
    const proxies = this.allLines().flatMap((pair) => Object.values(pair) as Line[]);
    for (const proxy of proxies) proxy.heal();
    await Promise.all(this.workers.map(({ child }) => child.stop()));
    for (const name of STOP_ORDER) await this.children[name].stop();
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await stopRedis(this.home);
    await stopPostgres(this.home);
    if (this.fillable) execFileSync('umount', [this.blobs]);
    await rm(this.home, { recursive: true, force: true });
  }
}

/** A file system of 160 MB: a disk that is full is one that the kernel says is full. */
function mounted(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function proxyOf(url: string): Promise<Line> {
  return Line.start(Number(new URL(url).port));
}

function through(url: string, proxy: Line): string {
  const changed = new URL(url);
  changed.port = String(proxy.port);
  return changed.href;
}
