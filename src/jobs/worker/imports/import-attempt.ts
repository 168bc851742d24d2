import { stat } from 'node:fs/promises';
import { StrataError } from '../../../contract/errors.js';
import { fetchedDataset } from '../../../contract/fetched-datasets.js';
import {
  IMPORT_DEFAULTS,
  type ImportAssignment,
  type ImportLimits,
  type ImportProgress,
} from '../../../contract/importer-protocol.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import { sha256OfFile } from '../../../storage/files.js';
import { FetchError, type Fetched, type FetchOptions, fetchSource } from '../../lifecycle/fetch-source.js';
import { handBackImport, recordFetch, recordImport, recordImportFailure } from '../../lifecycle/imports.js';
import type { Quota } from '../../lifecycle/quota.js';
import { untilAvailable } from '../../lifecycle/work-on.js';
import { FLUSH_MS, MAX_CLAIM_LOSSES } from '../../process/limits.js';
import { startLoop } from '../../process/loop.js';
import type { Log } from '../../process/process.js';
import type { Database } from '../../store/connection/database.js';
import { type ClaimedImport, moveImport, openImports, reportImport } from '../../store/dataset-imports.js';
import { setSource } from '../../store/datasets.js';
import type { ProcessBounds } from '../children/bounded-command.js';
import { ImporterChild, type ImportOutcome } from '../children/importer-child.js';
import { startWatchdog } from '../children/watchdog.js';
import { gatherBuiltIn } from './gather-built-in.js';

export interface AttemptOptions {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly command: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly limits: ImportLimits;
  /** Bytes that the tenant of a dataset may have stored. */
  readonly quota: Quota;
  readonly noProgressMs: number;
  /** Options for downloads from URLs. */
  readonly fetching: Omit<FetchOptions, 'blobs'>;
  readonly log: Log;
}

const NO_PROBLEMS = { problems: [], problem_count: 0 } as const;
/** Millions of small images, or a few of the largest, take less. */
const MEMORY_BYTES = 6 * 2 ** 30;
const CPU_SECONDS_BESIDE = 600;
/** The slowest images to decode take a second for some megabytes. */
const BYTES_A_CPU_SECOND = 2 ** 20;

/** The processor time grows with what an upload may unpack to. */
function boundsFor({ max_unpacked_bytes }: ImportLimits): ProcessBounds {
  const cpuSeconds = CPU_SECONDS_BESIDE + max_unpacked_bytes / BYTES_A_CPU_SECOND;
  return { memoryBytes: MEMORY_BYTES, cpuSeconds };
}

const GONE = { kind: 'gone', message: 'it was given up', killer: 'worker', signal: null } as const;

type Ending = 'lost' | 'stopped' | 'stalled';

const REASONS: Readonly<Record<Ending, string>> = {
  lost: 'the lease of its import was lost',
  stopped: 'its worker stops',
  stalled: 'it reported nothing',
};

/** `moved`: the row goes on in the other phase. */
type Outcome = ImportOutcome | { readonly kind: 'moved'; readonly to: ClaimedImport['phase'] };

/** One attempt at one phase of an import: its bytes are fetched, or made into arrays by a process of its own. */
export class ImportAttempt {
  #child: ImporterChild | null = null;
  #ending: Ending | null = null;
  readonly #giveUp = new AbortController();

  constructor(
    private readonly claim: ClaimedImport,
    private readonly options: AttemptOptions,
  ) {}

  end(why: Ending): void {
    this.#ending ??= why;
    this.#giveUp.abort();
    void this.#child?.kill(REASONS[why]);
  }

  async run(): Promise<void> {
    const { blobs, log } = this.options;
    const { id, datasetId, phase, attempt } = this.claim;
    // Deletes files of earlier attempts, which have lost their claim.
    await blobs.deleteSpool(`${id}/a`);
    const outcome = await this.#work();
    await untilAvailable(() => this.#record(outcome));
    await untilAvailable(() => this.#cleanUp());
    log.info({ dataset: datasetId, phase, attempt, outcome: this.#ending ?? outcome.kind }, 'import ended');
  }

  async #work(): Promise<Outcome> {
    const { losses, phase, source, id } = this.claim;
    if (losses > MAX_CLAIM_LOSSES) {
      const message = `${losses} workers in a row stopped renewing its lease`;
      return { kind: 'failed', failure: { code: 'import_given_up', message, ...NO_PROBLEMS } };
    }
    const isThere = source.kind === 'file' || (await this.options.blobs.exists(`spool:${id}/source`));
    if (phase === 'import')
      return isThere ? ((await this.#hash()) ?? this.#import()) : { kind: 'moved', to: 'fetch' };
    return isThere ? { kind: 'moved', to: 'import' } : this.#fetch(source);
  }

  /** Finds out the hash of an upload that was taken as it lay. @returns how the import ends where it is another's */
  async #hash(): Promise<Outcome | null> {
    const { db, blobs } = this.options;
    const { source, datasetId } = this.claim;
    if (source.kind !== 'file' || source.toHash === undefined) return null;
    const path = await blobs.localPath(source.uri);
    try {
      const sha256 = await sha256OfFile(path, this.#giveUp.signal);
      const shown = { kind: 'upload', sha256, size_bytes: (await stat(path)).size };
      await untilAvailable(() => setSource(db, datasetId, shown));
      const wanted = source.toHash.sha256;
      if (wanted === null || wanted === sha256) return null;
      const message = `The bytes of the upload have the sha256 ${sha256}.`;
      return { kind: 'failed', failure: { code: 'checksum_mismatch', message, ...NO_PROBLEMS } };
    } catch (error) {
      if (this.#ending !== null) return GONE;
      throw error;
    }
  }

  async #import(): Promise<Outcome> {
    const { db, command, environment, noProgressMs, log } = this.options;
    let progress: ImportProgress | null = null;
    const reports = startLoop(
      async () => {
        if (progress !== null) await reportImport(db, this.claim, progress);
        progress = null;
      },
      FLUSH_MS,
      (error) =>
        log.warn(
          { err: error, dataset: this.claim.datasetId },
          'progress could not be stored; it is stored later',
        ),
    );
    const watchdog = startWatchdog(noProgressMs, () => this.end('stalled'));
    this.#child = new ImporterChild(command, environment, boundsFor(this.options.limits));
    if (this.#ending) await this.#child.kill(REASONS[this.#ending]);
    const outcome = await this.#child.run(this.#assignment(), (reported) => {
      watchdog.reset();
      progress = reported;
    });
    watchdog.stop();
    await reports.stop();
    return outcome;
  }

  async #fetch(source: Exclude<ClaimedImport['source'], { kind: 'file' }>): Promise<Outcome> {
    const { db, quota } = this.options;
    try {
      const fetched = await this.#receive(source);
      await untilAvailable(() => recordFetch(db, this.claim, fetched, quota));
      return { kind: 'moved', to: 'import' };
    } catch (error) {
      if (this.#ending !== null) return GONE;
      if (!(error instanceof FetchError || error instanceof StrataError)) throw error;
      return { kind: 'failed', failure: { code: error.code, message: error.message, ...NO_PROBLEMS } };
    }
  }

  #receive(source: Exclude<ClaimedImport['source'], { kind: 'file' }>): Promise<Fetched> {
    const { blobs, fetching } = this.options;
    const importId = this.claim.id;
    const { signal } = this.#giveUp;
    return source.kind === 'url'
      ? fetchSource({ importId, ...source }, { blobs, ...fetching }, signal)
      : gatherBuiltIn({ importId, dataset: fetchedDataset(source.name) }, { blobs, ...fetching }, signal);
  }

  #assignment(): ImportAssignment {
    const { id, attempt, datasetId, name, options } = this.claim;
    return {
      dataset_id: datasetId,
      attempt,
      name,
      source: `spool:${id}/source`,
      work: `${id}/a${attempt}`,
      // Imports that began before an update have fewer.
      options: { ...IMPORT_DEFAULTS, ...options },
      limits: this.options.limits,
    };
  }

  async #record(outcome: Outcome): Promise<unknown> {
    const { db, quota } = this.options;
    if (outcome.kind === 'moved') return moveImport(db, this.claim, outcome.to);
    if (outcome.kind === 'succeeded') return recordImport(db, this.claim, outcome.success, quota);
    if (outcome.kind === 'failed') return recordImportFailure(db, this.claim, outcome.failure);
    if (this.#ending === 'stopped') return handBackImport(db, this.claim);
    if (this.#ending === 'lost') return;
    const code = this.#ending === 'stalled' ? 'importer_stalled' : 'importer_crashed';
    return recordImportFailure(db, this.claim, { code, message: outcome.message, ...NO_PROBLEMS });
  }

  /** A retry needs the upload. Otherwise only the blobs of the result are kept. */
  async #cleanUp(): Promise<void> {
    const { db, blobs } = this.options;
    const { id, attempt } = this.claim;
    const isOpen = (await openImports(db, [id])).has(id);
    await blobs.deleteSpool(isOpen ? `${id}/a${attempt}` : `${id}/`);
  }
}
