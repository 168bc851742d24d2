import assert from 'node:assert/strict';
import type { TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { planJobs } from '../../../src/jobs/dispatcher/reconcile.js';
import { type Claim, claim } from '../../../src/jobs/lifecycle/claim.js';
import { recordSuccess } from '../../../src/jobs/lifecycle/succeed.js';
import { type SpecChanges, smallJob } from './specs.js';
import { claimer, log, type Store } from './store.js';

const output = { uri: `sha256:${'a'.repeat(64)}`, size_bytes: 1 } as const;

/** A success with every output that a task of two stages can have. */
export const SUCCESS: TaskSuccess = {
  outputs: { dataset: output, state: output, auxiliary: output, corrections: output },
  seconds: {},
  artifacts: [],
  result: {},
};

/** One job, its tasks claimed and ended by hand. */
export class ByHand {
  private constructor(
    readonly store: Store,
    readonly id: string,
  ) {}

  static async start(store: Store, changes: SpecChanges): Promise<ByHand> {
    const { job } = await store.strata.client.jobs.createJob(smallJob(changes), {});
    await planJobs(store.db, log);
    return new ByHand(store, job.id);
  }

  async claim(key: string): Promise<Claim['task']> {
    const { db, strata } = this.store;
    const row = await db.task.findUniqueOrThrow({ where: { jobId_key: { jobId: this.id, key } } });
    // Times are stored in whole milliseconds, rounded: the present may be half a one ahead.
    await strata.sql.query('UPDATE task SET due_at = now() - make_interval(secs => 1) WHERE id = $1', [
      row.id,
    ]);
    const claimed = await claim(db, row.id, claimer);
    assert.ok(claimed, `${key} is to be had`);
    return claimed.task;
  }

  async run(...keys: string[]): Promise<void> {
    for (const key of keys)
      assert.notEqual(await recordSuccess(this.store.db, await this.claim(key), SUCCESS, []), null);
  }

  async states(...keys: string[]): Promise<string[]> {
    const rows = await this.store.db.task.findMany({ where: { jobId: this.id } });
    return keys.map((key) => rows.find((row) => row.key === key)?.state ?? 'none');
  }

  async everything(): Promise<unknown> {
    const of = (table: string) =>
      this.store.strata.sql.query(`SELECT * FROM ${table} WHERE job_id = $1 ORDER BY 1, 2`, [this.id]);
    return (await Promise.all(['task', 'event'].map(of))).map(({ rows }) => rows);
  }
}
