import type { Leases } from '../../lifecycle/held-leases.js';
import { recordImportFailure } from '../../lifecycle/imports.js';
import { workOn } from '../../lifecycle/work-on.js';
import { FETCHES_AT_ONCE, LEASE_MS } from '../../process/limits.js';
import { startLoop } from '../../process/loop.js';
import { openPlaces } from '../../process/places.js';
import { type ClaimedImport, claimImport, type ImportPhase } from '../../store/dataset-imports.js';
import { type AttemptOptions, ImportAttempt } from './import-attempt.js';

export interface ImportsOptions extends AttemptOptions {
  readonly workerId: string;
  readonly leases: Leases;
  /** Called before arrays are made: they take memory that others may hold idly. */
  readonly makeRoom: () => void;
}

export interface Imports {
  /** Looks now: a dataset may have to be imported. */
  look(): void;
  /** The same where one may also be needed no more. */
  nudge(): void;
  stop(): Promise<void>;
}

/**
 * Imports datasets: fetches some side by side, and makes arrays of one at a time. As for tasks, a lease says whose an import
 * is and a fence keeps out what another attempt did; what an attempt wrote lies in a folder of its own until all of it is
 * there.
 */
export function startImports(options: ImportsOptions): Imports {
  const { db, workerId, leases, log } = options;
  const warn = (error: unknown) => log.warn({ err: error }, 'imports');
  const current = new Set<ImportAttempt>();
  let stopping = false;

  const run = async (claim: ClaimedImport): Promise<void> => {
    if (claim.phase === 'import') options.makeRoom();
    const attempt = new ImportAttempt(claim, options);
    current.add(attempt);
    if (stopping) attempt.end('stopped');
    await workOn({
      lease: { table: 'dataset_import', id: claim.id, attempt: claim.attempt },
      leases,
      about: { dataset: claim.datasetId, attempt: claim.attempt },
      log,
      run(lost) {
        lost.addEventListener('abort', () => attempt.end('lost'));
        return attempt.run();
      },
      fail: (error) => recordImportFailure(db, claim, { ...error, problems: [], problem_count: 0 }),
    }).finally(() => current.delete(attempt));
  };
  const placesFor = (phase: ImportPhase, count: number) =>
    openPlaces(
      count,
      async () => {
        const claim = await claimImport(db, workerId, phase, LEASE_MS);
        return claim && (() => run(claim));
      },
      warn,
    );
  const places = [placesFor('fetch', FETCHES_AT_ONCE), placesFor('import', 1)];
  const loop = startLoop(
    async () => void (await Promise.all(places.map((place) => place.fill()))),
    null,
    warn,
  );
  return {
    look: loop.nudge,
    nudge() {
      loop.nudge();
      leases.nudge();
    },
    async stop() {
      stopping = true;
      for (const place of places) place.close();
      for (const attempt of current) attempt.end('stopped');
      await loop.stop();
      await Promise.all(places.map((place) => place.idle()));
    },
  };
}
