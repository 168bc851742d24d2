import { evaluateKey } from '../../src/planning/tasks/task-graph.js';
import { smallJob } from '../jobs/support/specs.js';
import { checkJob, smallSweep } from '../jobs/support/sweeps.js';
import { arriving, type Search, type Step, valueAt } from '../planning/sweeps/reference.js';
import { eventually } from '../support/eventually.js';
import type { Strata } from '../support/strata.js';

/** A row of a trial. */
interface TrialRow {
  readonly number: number;
  readonly state: string;
  readonly rung: number;
  readonly job: string | null;
  readonly reached: number;
  /** Rounds of its rungs. */
  readonly rungs: readonly number[];
}

/** A sweep whose jobs the test trains by an analytic curve, one rung at a time, so that the order is the test's. */
export class SweepByHand {
  readonly steps: Step[] = [];
  private known: readonly TrialRow[] = [];

  private constructor(
    private readonly strata: Strata,
    readonly id: string,
  ) {}

  static async create(strata: Strata, { trials, divisor, rungs, parallel }: Search): Promise<SweepByHand> {
    const { id } = await strata.client.sweeps.createSweep(
      smallSweep({
        job: {
          ...smallJob(),
          validation_share: 0.1,
          epochs: 8,
          method: { ...smallJob().method, round_steps: 4 },
        },
        stopping: { type: 'asha', divisor, min_epochs: 1, max_rungs: rungs, mode: 'promote' },
        limits: { trials, parallel_trials: parallel },
      }),
      { checkJob, dryRun: false },
    );
    return new SweepByHand(strata, id);
  }

  /** Waits until as many trials have jobs as may. */
  async started(parallel: number): Promise<void> {
    await this.seen(
      'the first trials have jobs',
      (rows) => rows.filter(({ job }) => job).length === parallel,
    );
  }

  /** The trial that arrives next; undefined after the last one. */
  next(seed: number, time: number): TrialRow | undefined {
    return arriving(
      this.known.filter(({ state }) => state === 'running'),
      seed,
      time,
    );
  }

  /** Lets a trial reach its next rung, or its end after the last one. */
  async arrive({ number, job, reached, rungs }: TrialRow): Promise<void> {
    const value = valueAt(number, reached);
    const round = rungs[reached];
    if (round === undefined) await this.endJob(job, value);
    else await this.evaluate(job, evaluateKey(round), value);
    await this.strata.sql.query(`SELECT pg_notify('strata_dispatch', '')`);
  }

  /** Waits until the dispatcher has seen an arrival. Its decision is in the same transaction. */
  async decided({ number, reached, rungs }: TrialRow): Promise<void> {
    await this.seen(`trial ${number} is seen after rung ${reached}`, (rows) => {
      const now = rows.find((row) => row.number === number);
      return reached < rungs.length ? now?.reached === reached + 1 : now?.state === 'succeeded';
    });
  }

  private async evaluate(job: string | null, key: string, accuracy: number): Promise<void> {
    await eventually(`${key} of ${job} is planned`, async () => {
      const { rowCount } = await this.strata.sql.query(
        `UPDATE task SET state = 'succeeded', result = $3, finished_at = now() WHERE job_id = $1 AND key = $2`,
        [job, key, { validation_accuracy: accuracy }],
      );
      return rowCount === 1;
    });
  }

  private async endJob(job: string | null, accuracy: number): Promise<void> {
    await this.strata.sql.query(
      `UPDATE job SET state = 'succeeded', finished_at = now(), result = $2 WHERE id = $1`,
      [job, { test_accuracy: 0.5, test_loss: 1, validation_accuracy: accuracy }],
    );
  }

  /** Waits for rows, and notes what has happened since the last look. */
  private async seen(what: string, holds: (rows: readonly TrialRow[]) => boolean): Promise<void> {
    const rows = await eventually(what, async () => {
      const now = await this.rows();
      return holds(now) && now;
    });
    for (const [index, row] of rows.entries()) {
      const before = this.known[index];
      if (row.job && !before?.job) this.steps.push(['start', row.number, 0]);
      if (before && row.rung > before.rung) this.steps.push(['promote', row.number, row.rung]);
    }
    this.known = rows;
  }

  private async rows(): Promise<TrialRow[]> {
    const { rows } = await this.strata.sql.query<TrialRow>(
      `SELECT number, state, rung, job_id AS job, jsonb_array_length(reached) AS reached, rungs
       FROM sweep_trial WHERE sweep_id = $1 ORDER BY number`,
      [this.id],
    );
    return rows;
  }
}
