import { fetchedDataset } from '../../../contract/fetched-datasets.js';
import type { ImportAssignment, ImportLimits, ImportProgress } from '../../../contract/importer-protocol.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import {
  handBackImport,
  MAX_IMPORT_LOSSES,
  recordImport,
  recordImportFailure,
} from '../../lifecycle/imports.js';
import { FLUSH_MS, HEARTBEAT_MS, IMPORT_LOOK_MS, LEASE_MS } from '../../process/limits.js';
import { startLoop } from '../../process/loop.js';
import type { Log } from '../../process/process.js';
import type { Database } from '../../store/connection/database.js';
import { listen } from '../../store/connection/notify.js';
import {
  type ClaimedImport,
  claimImport,
  openImports,
  renewImports,
  reportImport,
} from '../../store/dataset-imports.js';
import { setSource } from '../../store/datasets.js';
import { ImporterChild, type ImportOutcome } from '../children/importer-child.js';
import { startWatchdog } from '../children/watchdog.js';
import { startLeases } from '../slots/leases.js';
import { FetchError, type Fetched, type FetchOptions, fetchSource } from './fetch-source.js';
import { gatherBuiltIn } from './gather-built-in.js';

export interface ImportsOptions {
  readonly db: Database;
  readonly databaseUrl: string;
  readonly blobs: BlobStore;
  readonly workerId: string;
  readonly command: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly limits: ImportLimits;
  readonly noProgressMs: number;
  /** Called before each import: it takes memory that others may hold idly. */
  readonly makeRoom: () => void;
  /** How what is at a URL is fetched. */
  readonly fetching: Omit<FetchOptions, 'blobs'>;
  readonly log: Log;
}

/**
 * Imports datasets, one at a time, each in a process of its own. As for tasks, a lease says whose it is and a fence
 * keeps out what another attempt did; what an attempt wrote lies in a folder of its own until all of it is there.
 */
export async function startImports(options: ImportsOptions): Promise<{ stop(): Promise<void> }> {
  const { db, databaseUrl, workerId, log } = options;
  const warn = (what: string) => (error: unknown) => log.warn({ err: error }, what);
  const leases = startLeases({
    async renew(fences) {
      const ours = fences.map(({ taskId: importId, attempt }) => ({ importId, attempt }));
      const renewed = await renewImports(db, ours, LEASE_MS);
      return renewed.map(({ importId: taskId, attempt }) => ({ taskId, attempt, wish: null }));
    },
    heartbeatMs: HEARTBEAT_MS,
    leaseMs: LEASE_MS,
    onError: warn('heartbeat of imports failed'),
    now: () => performance.now(),
  });
  let stopping = false;
  let current: Attempt | null = null;
  const takeAll = async () => {
    for (;;) {
      const claim = stopping ? null : await claimImport(db, workerId, LEASE_MS);
      if (claim === null) return;
      options.makeRoom();
      current = new Attempt(claim, options);
      const fence = { taskId: claim.importId, attempt: claim.attempt };
      const letGo = leases.hold({ fence, onWish: () => undefined, onLost: () => current?.end('lost') });
      await current.run().finally(letGo);
      current = null;
    }
  };
  const loop = startLoop(takeAll, IMPORT_LOOK_MS, warn('imports'));
  const nudges = await listen(databaseUrl, 'strata_import', () => {
    loop.nudge();
    leases.nudge();
  });
  return {
    async stop() {
      stopping = true;
      current?.end('stopped');
      await nudges.close();
      await loop.stop();
      await leases.stop();
    },
  };
}

const NO_PROBLEMS = { problems: [], problem_count: 0 } as const;

type Ending = 'lost' | 'stopped' | 'stalled';

class Attempt {
  #child: ImporterChild | null = null;
  #ending: Ending | null = null;
  readonly #giveUp = new AbortController();

  constructor(
    private readonly claim: ClaimedImport,
    private readonly options: ImportsOptions,
  ) {}

  end(why: Ending): void {
    this.#ending ??= why;
    this.#giveUp.abort();
    void this.#child?.kill();
  }

  async run(): Promise<void> {
    const { blobs, log } = this.options;
    const { importId, datasetId, attempt } = this.claim;
    // Of attempts before this one: whoever made it has lost its claim.
    await blobs.deleteSpool(`${importId}/a`);
    const outcome = await this.#import();
    await this.#record(outcome);
    await this.#cleanUp();
    log.info({ dataset: datasetId, attempt, outcome: this.#ending ?? outcome.kind }, 'import ended');
  }

  async #import(): Promise<ImportOutcome> {
    const { db, command, environment, noProgressMs, log } = this.options;
    if (this.claim.losses > MAX_IMPORT_LOSSES) {
      const message = `it took its worker down ${this.claim.losses} times`;
      return { kind: 'failed', failure: { code: 'import_given_up', message, ...NO_PROBLEMS } };
    }
    const unfetched = await this.#fetch();
    if (unfetched) return unfetched;
    let progress: ImportProgress | null = null;
    const reports = startLoop(
      async () => {
        if (progress !== null) await reportImport(db, this.claim, progress);
        progress = null;
      },
      FLUSH_MS,
      (error) => log.warn({ err: error, dataset: this.claim.datasetId }, 'progress is written later'),
    );
    const watchdog = startWatchdog(noProgressMs, () => this.end('stalled'));
    this.#child = new ImporterChild(command, environment);
    if (this.#ending) await this.#child.kill();
    const outcome = await this.#child.run(this.#assignment(), (reported) => {
      watchdog.reset();
      progress = reported;
    });
    watchdog.stop();
    await reports.stop();
    return outcome;
  }

  /** Fetches what was not uploaded, unless an earlier attempt did. @returns why it could not */
  async #fetch(): Promise<ImportOutcome | null> {
    const { db, blobs } = this.options;
    const { importId, datasetId, source } = this.claim;
    if (source.kind === 'file' || (await blobs.exists(`spool:${importId}/source`))) return null;
    try {
      const { sha256, sizeBytes } = await this.#receive(source);
      await setSource(db, datasetId, { kind: source.kind, sha256, size_bytes: sizeBytes });
      return null;
    } catch (error) {
      if (this.#ending !== null) return { kind: 'gone', message: 'it was given up' };
      if (!(error instanceof FetchError)) throw error;
      return { kind: 'failed', failure: { code: error.code, message: error.message, ...NO_PROBLEMS } };
    }
  }

  #receive(source: Exclude<ClaimedImport['source'], { kind: 'file' }>): Promise<Fetched> {
    const { blobs, fetching } = this.options;
    const { importId } = this.claim;
    const { signal } = this.#giveUp;
    return source.kind === 'url'
      ? fetchSource({ importId, ...source }, { blobs, ...fetching }, signal)
      : gatherBuiltIn({ importId, dataset: fetchedDataset(source.name) }, { blobs, ...fetching }, signal);
  }

  #assignment(): ImportAssignment {
    const { importId, attempt, datasetId, name, options } = this.claim;
    return {
      dataset_id: datasetId,
      attempt,
      name,
      source: `spool:${importId}/source`,
      work: `${importId}/a${attempt}`,
      options,
      limits: this.options.limits,
    };
  }

  async #record(outcome: ImportOutcome): Promise<void> {
    const { db } = this.options;
    if (outcome.kind === 'succeeded') await recordImport(db, this.claim, outcome.success);
    else if (outcome.kind === 'failed') await recordImportFailure(db, this.claim, outcome.failure);
    else if (this.#ending === 'stopped') await handBackImport(db, this.claim);
    else if (this.#ending !== 'lost') {
      const code = this.#ending === 'stalled' ? 'importer_stalled' : 'importer_crashed';
      await recordImportFailure(db, this.claim, { code, message: outcome.message, ...NO_PROBLEMS });
    }
  }

  /** What is tried again needs the upload; of an attempt nothing is kept but the blobs that its result names. */
  async #cleanUp(): Promise<void> {
    const { db, blobs } = this.options;
    const { importId, attempt } = this.claim;
    const isOpen = (await openImports(db, [importId])).has(importId);
    await blobs.deleteSpool(isOpen ? `${importId}/a${attempt}` : `${importId}/`);
  }
}
