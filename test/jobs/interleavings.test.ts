import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { StrataError } from '../../src/contract/errors.js';
import { isTerminal, type JobState } from '../../src/contract/states.js';
import type { TaskOutput, TaskSuccess } from '../../src/contract/trainer-protocol.js';
import { planJobs, reconcile } from '../../src/jobs/dispatcher/reconcile.js';
import { type Claim, claim } from '../../src/jobs/lifecycle/claim.js';
import { recordFailure, releaseTask } from '../../src/jobs/lifecycle/fail.js';
import { recordReport } from '../../src/jobs/lifecycle/report.js';
import { recordSuccess } from '../../src/jobs/lifecycle/succeed.js';
import { type Database, openDatabase } from '../../src/jobs/store/database.js';
import { renewLeases } from '../../src/jobs/store/tasks.js';
import { Strata } from '../support/strata.js';
import { smallJob } from './specs.js';

// Whatever happens to a job, in whatever order and at the same time: what docs/job-states.md promises holds after
// every step. A failure prints its seed; run it again with SEED=<seed>.
const SEED = Number(process.env.SEED ?? 5);
const RUNS = 12;

let strata: Strata;
let db: Database;
before(async () => {
  strata = await Strata.start();
  db = await openDatabase(strata.servers.databaseUrl);
});
after(async () => {
  await db.$disconnect();
  await strata.stop();
});

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const KINDS = [
  'claim',
  'claim',
  'claim',
  'report',
  'succeed',
  'succeed',
  'fail',
  'failForGood',
  'release',
  'heartbeat',
  'lose',
  'reconcile',
  'pause',
  'resume',
  'cancel',
  'forceCancel',
] as const;
/** What ends a job for good comes seldom, or most runs would be over before they began. */
const SELDOM = new Set<(typeof KINDS)[number]>(['failForGood', 'cancel', 'forceCancel']);

interface Step {
  readonly kind: (typeof KINDS)[number];
  /** Picks the claim that it is about, of all that were ever made. */
  readonly pick: number;
}

const step = fc
  .record({ kind: fc.constantFrom(...KINDS), pick: fc.nat(), seldom: fc.nat(7) })
  .map(({ kind, pick, seldom }): Step => ({ kind: SELDOM.has(kind) && seldom > 0 ? 'claim' : kind, pick }));
/** Steps of one inner list happen at the same time. */
const schedule = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 10, maxLength: 25 });

test(`random interleavings: terminal states are final, each task has one effective attempt (SEED ${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async (moments) => {
      const run = await Run.start();
      for (const moment of moments) {
        await Promise.all(moment.map((taken) => run.take(taken)));
        await run.check();
      }
      await run.finish();
    }),
    { seed: SEED, numRuns: RUNS, endOnFailure: true },
  );
});

const blob: TaskOutput = { uri: `sha256:${'a'.repeat(64)}`, size_bytes: 1 };
const success: TaskSuccess = {
  outputs: { dataset: blob, state: blob },
  seconds: {},
  artifacts: [],
  result: { test_accuracy: 1, test_loss: 0 },
};

/** One job, everything that is done to it, and what must hold. */
class Run {
  private readonly claims: Claim['task'][] = [];
  /** By task: the attempt whose success counted. */
  private readonly effective = new Map<string, number>();
  private ended: JobState | null = null;

  private constructor(private readonly jobId: string) {}

  static async start(): Promise<Run> {
    const spec = smallJob({ epochs: 1, method: { type: 'backprop' } });
    const { job } = await strata.client.createJob(spec, {});
    await planJobs(db, log);
    return new Run(job.id);
  }

  async take({ kind, pick }: Step): Promise<void> {
    const task = this.claims[pick % Math.max(1, this.claims.length)];
    if (kind === 'claim') await this.claimNext();
    else if (kind === 'reconcile') await reconcile(db, log);
    else if (kind === 'pause') await refusable(strata.client.pauseJob(this.jobId));
    else if (kind === 'resume') await refusable(strata.client.resumeJob(this.jobId));
    else if (kind === 'cancel') await refusable(strata.client.cancelJob(this.jobId, { force: false }));
    else if (kind === 'forceCancel') await refusable(strata.client.cancelJob(this.jobId, { force: true }));
    else if (task) await this.act(kind, task);
  }

  private async claimNext(): Promise<void> {
    const row = await db.task.findFirst({ where: { jobId: this.jobId, state: 'ready' } });
    const claimed =
      row && (await claim(db, row.id, { workerId: 'worker_1', device: 'cpu:0', bfloat16: false }));
    if (claimed) this.claims.push(claimed.task);
  }

  private async act(kind: Step['kind'], task: Claim['task']): Promise<void> {
    const error = { code: 'internal', message: 'broken', stage: null, step: null, tensor: null };
    if (kind === 'report')
      await recordReport(db, task, { progress: 0.5, samples: samplesOf(task), checkpoint: null });
    if (kind === 'succeed') await this.succeed(task);
    if (kind === 'fail') await recordFailure(db, task, error, 'uncounted');
    if (kind === 'failForGood') await recordFailure(db, task, error, 'fatal');
    if (kind === 'release') await releaseTask(db, task);
    if (kind === 'heartbeat') await renewLeases(db, [task], 6_000);
    // Its worker is frozen: the lease runs out, and the worker does not know.
    if (kind === 'lose') {
      const sql = `UPDATE task SET lease_until = now() - interval '1 s' WHERE id = $1 AND state = 'running'`;
      await strata.sql.query(sql, [task.taskId]);
      await reconcile(db, log);
    }
    // No back-off: time plays no part here.
    await strata.sql.query('UPDATE task SET due_at = now() WHERE job_id = $1', [this.jobId]);
  }

  private async succeed(task: Claim['task']): Promise<void> {
    if (!(await recordSuccess(db, task, success, samplesOf(task)))) return;
    assert.equal(this.effective.has(task.taskId), false, `${task.key} succeeded twice`);
    this.effective.set(task.taskId, task.attempt);
  }

  async check(): Promise<void> {
    const job = await db.job.findUniqueOrThrow({ where: { id: this.jobId }, include: { tasks: true } });
    const state = job.state as JobState;
    if (this.ended !== null) assert.equal(state, this.ended, 'a terminal state changed');
    if (isTerminal('job', state)) this.ended = state;
    const running = job.tasks.filter((task) => task.state === 'running').length;
    if (this.ended !== null || state === 'paused') assert.equal(running, 0, `${state} with a running task`);
    if (state === 'paused') assert.notEqual(job.pauseRequestedAt, null);
    for (const task of job.tasks) {
      const attempt = this.effective.get(task.id);
      assert.equal(task.state === 'succeeded', attempt !== undefined, `${task.key} is ${task.state}`);
      if (attempt !== undefined) assert.equal(task.attempt, attempt, 'claimed again after its success');
    }
    await this.checkRecords(state);
  }

  /** Events without gaps, the terminal one last; metrics of effective attempts alone. */
  private async checkRecords(state: JobState): Promise<void> {
    const events = await db.event.findMany({ where: { jobId: this.jobId }, orderBy: { seq: 'asc' } });
    assert.deepEqual(
      events.map(({ seq }) => seq),
      events.map((_, index) => index + 1),
    );
    const ends = events.filter(({ type }) => /^job\.(succeeded|failed|cancelled)$/.test(type));
    assert.equal(ends.length, this.ended === null ? 0 : 1);
    if (this.ended !== null) assert.equal(events.at(-1)?.type, `job.${state}`);
    const points = await db.metricPoint.findMany({ where: { jobId: this.jobId } });
    for (const [taskId, attempt] of this.effective) {
      const point = points.find(({ name }) => name === taskId);
      assert.equal(point?.value, attempt, `a stale attempt of ${taskId} wrote after the effective one`);
    }
  }

  /** Nothing is stuck: left alone, with one worker, the job comes to its end. */
  async finish(): Promise<void> {
    await refusable(strata.client.resumeJob(this.jobId));
    for (const task of this.claims) await this.act('lose', task);
    for (let left = 50; this.ended === null && left > 0; left--) {
      await this.claimNext();
      const last = this.claims.at(-1);
      if (last) await this.succeed(last);
      await reconcile(db, log);
      await this.check();
    }
    assert.notEqual(this.ended, null, 'the job is stuck');
  }
}

const samplesOf = ({ taskId, attempt }: Claim['task']) => [
  { name: taskId, stage: null, step: 0, value: attempt },
];

/** The client refuses what comes too late; nothing else may go wrong. */
async function refusable(asked: Promise<unknown>): Promise<void> {
  await asked.catch((error: unknown) => {
    if (!(error instanceof StrataError && error.code === 'job_finished')) throw error;
  });
}
