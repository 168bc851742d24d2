import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';
import { DEFAULT_TENANT } from '../../src/contract/access.js';
import type { Event, Job } from '../../src/contract/client/jobs.js';
import type { JobsService } from '../../src/contract/client/service.js';
import type { TenantClient } from '../../src/contract/client/tenant.js';
import { createJobsService } from '../../src/jobs/client/service.js';
import type { BlobStore } from '../../src/storage/blob-store.js';
import { openBlobStore } from '../../src/storage/open.js';
import { Orders } from './orders.js';
import { type ServiceProcess, startProcess } from './process.js';
import { type Servers, startServers } from './servers.js';

export const FAKE_TRAINER = fileURLToPath(new URL('../jobs/support/fake-trainer.mjs', import.meta.url));

export interface StrataOptions {
  /** Path of the trainer; absent: the real one. */
  readonly trainer?: string;
  readonly slots?: number;
  /** Absent: a folder in the home of the servers. */
  readonly blobUrl?: string;
  /** Seconds for which addresses of downloads in the bucket are valid; absent: there are none. */
  readonly presignedS?: number;
  /** Hosts that requests may go to although they are private. */
  readonly outgoingAllow?: readonly string[];
}

/** Everything but the HTTP API, on servers of its own: for tests of jobs with real processes. */
export class Strata {
  private readonly processes: ServiceProcess[] = [];

  private constructor(
    readonly servers: Servers,
    readonly service: JobsService,
    /** Client of the tenant `default`. */
    readonly client: TenantClient,
    readonly sql: pg.Pool,
    readonly blobs: BlobStore,
    /** Orders of the fake trainer. */
    readonly orders: Orders,
    private readonly options: StrataOptions,
  ) {}

  /** Starts the servers and a client; dispatchers and workers are started by the test. */
  static async start(options: StrataOptions = {}): Promise<Strata> {
    const servers = await startServers();
    await mkdir(ordersOf(servers));
    const orders = new Orders(ordersOf(servers));
    const blobUrl = options.blobUrl ?? blobUrlOf(servers);
    const blobs = openBlobStore(blobUrl);
    const service = await createJobsService({
      ...servers,
      blobUrl,
      presignedS: options.presignedS ?? 0,
      outgoingAllow: options.outgoingAllow ?? [],
    });
    const sql = new pg.Pool({ connectionString: servers.databaseUrl, max: 2 });
    sql.on('error', () => undefined);
    return new Strata(servers, service, service.forTenant(DEFAULT_TENANT), sql, blobs, orders, options);
  }

  /** @param environment settings of this process alone, as for the others */
  startDispatcher(environment: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    return this.startProcess('jobs/dispatcher/main.ts', [], environment);
  }

  /** On a free port. */
  startApi(environment: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    return this.startProcess('api/server.ts', [], { HOST: '127.0.0.1', PORT: '0', ...environment });
  }

  /** @param launcher as in `startProcess` */
  startWorker(
    environment: Readonly<Record<string, string>> = {},
    launcher: readonly string[] = [],
  ): Promise<ServiceProcess> {
    const { trainer } = this.options;
    return this.startProcess(
      'jobs/worker/main.ts',
      trainer ? ['--trainer', trainer] : [],
      environment,
      launcher,
    );
  }

  /** The first event of a type, also one that has already happened. */
  async event(jobId: string, type: string, matches: (event: Event) => boolean = () => true): Promise<Event> {
    const done = new AbortController();
    try {
      for await (const event of this.client.jobs.followJobEvents(jobId, 0, done.signal)) {
        if (event.type === type && matches(event)) return event;
      }
    } finally {
      done.abort();
    }
    throw new Error(`${jobId} ended without ${type}`);
  }

  /** Waits for the end of the job, in any final state. */
  async ended(jobId: string): Promise<Job> {
    for await (const _ of this.client.jobs.followJobEvents(jobId, 0, new AbortController().signal));
    const job = await this.client.jobs.getJob(jobId);
    if (!job) throw new Error(`${jobId} is gone`);
    return job;
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.stop()));
    await this.service.close();
    await this.sql.end();
    await this.servers.stop();
  }

  private async startProcess(
    module: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    launcher: readonly string[] = [],
  ): Promise<ServiceProcess> {
    const inherited = {
      ...process.env,
      STRATA_HOME: this.servers.home,
      DATABASE_URL: this.servers.databaseUrl,
      REDIS_URL: this.servers.redisUrl,
      BLOB_URL: this.options.blobUrl ?? blobUrlOf(this.servers),
      STRATA_SLOTS: String(this.options.slots ?? 2),
      LOG_LEVEL: process.env.LOG_LEVEL ?? 'error',
      FAKE_TRAINER_DIR: ordersOf(this.servers),
    };
    const started = await startProcess(module, args, { ...inherited, ...environment }, launcher);
    this.processes.push(started);
    return started;
  }
}

export function blobUrlOf({ home }: Servers): string {
  return pathToFileURL(join(home, 'blobs')).href;
}

function ordersOf({ home }: Servers): string {
  return join(home, 'orders');
}
