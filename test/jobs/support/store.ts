import { after, before } from 'node:test';
import type { Log } from '../../../src/jobs/process/process.js';
import { type Database, openDatabase } from '../../../src/jobs/store/connection/database.js';
import type { Claimer } from '../../../src/jobs/store/tasks.js';
import { Strata, type StrataOptions } from '../../support/strata.js';

/** The service of a test file, and a connection to its tables. */
export interface Store {
  readonly strata: Strata;
  readonly db: Database;
}

/** Starts both before the tests of the calling file and stops them afterwards. No dispatcher and no worker runs. */
export function useStore(onStart: (store: Store) => unknown, options: StrataOptions = {}): void {
  let store: Store;
  before(async () => {
    const strata = await Strata.start(options);
    store = { strata, db: await openDatabase(strata.servers.databaseUrl) };
    await onStart(store);
  });
  after(async () => {
    await store.db.$disconnect();
    await store.strata.stop();
  });
}

/** Writes nothing. */
export const log: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A slot of a worker without bfloat16. */
export const claimer: Claimer = { workerId: 'worker_1', device: 'cpu:0', bfloat16: false };
