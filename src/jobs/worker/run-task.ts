import { retryClassOf } from '../../contract/errors.js';
import type { MetricSample } from '../../contract/trainer-protocol.js';
import { type Claim, claim } from '../lifecycle/claim.js';
import { recordFailure, releaseTask } from '../lifecycle/fail.js';
import { recordLog } from '../lifecycle/log.js';
import { recordReport } from '../lifecycle/report.js';
import { recordSuccess } from '../lifecycle/succeed.js';
import { FLUSH_MS } from '../limits.js';
import type { Log } from '../process.js';
import type { Database } from '../store/database.js';
import type { Leases } from './leases.js';
import { startRecorder } from './recorder.js';
import type { Slot } from './slot.js';
import { startTaskLog } from './task-log.js';
import type { Outcome } from './trainer-child.js';
import { startWatchdog } from './watchdog.js';

export interface TaskRunnerOptions {
  readonly db: Database;
  readonly workerId: string;
  readonly leases: Leases;
  readonly noProgressMs: number;
  readonly log: Log;
}

/** Why the worker itself ended a trainer. */
type Ending = 'stopped' | 'lost' | 'stalled' | 'released';

interface Attempt {
  readonly claim: Claim;
  readonly slot: Slot;
  ending: Ending | null;
}

export class TaskRunner {
  private readonly attempts = new Set<Attempt>();
  private closed = false;

  constructor(private readonly options: TaskRunnerOptions) {}

  /** Claims a task for a reserved slot and sees it through. Does nothing where the task is not to be had. */
  async run(taskId: string, slot: Slot): Promise<void> {
    const { db, workerId } = this.options;
    if (this.closed) return;
    const claimed = await claim(db, taskId, { workerId, device: slot.device });
    if (claimed === null) return;
    const attempt: Attempt = { claim: claimed, slot, ending: null };
    this.attempts.add(attempt);
    try {
      if (this.closed) end(attempt, 'released');
      const { outcome, unwritten } = await this.train(attempt);
      await this.record(attempt, outcome, unwritten);
    } finally {
      this.attempts.delete(attempt);
    }
  }

  /** Ends all trainers in work; their tasks go back unharmed. */
  releaseAll(): void {
    this.closed = true;
    for (const attempt of this.attempts) end(attempt, 'released');
  }

  private async train(attempt: Attempt): Promise<{ outcome: Outcome; unwritten: readonly MetricSample[] }> {
    const { db, leases, noProgressMs, log } = this.options;
    const { task, assignment } = attempt.claim;
    const recorder = startRecorder(
      (progress, samples) => recordReport(db, task, progress, samples),
      FLUSH_MS,
      (error) => log.warn({ err: error, task: task.taskId }, 'metrics are written later'),
    );
    const printed = startTaskLog(
      (lines) => recordLog(db, task, lines),
      FLUSH_MS,
      (error) => log.warn({ err: error, task: task.taskId }, 'log lines are written later'),
      () => performance.now(),
    );
    const watchdog = startWatchdog(noProgressMs, () => end(attempt, 'stalled'));
    const letGo = leases.hold({
      fence: task,
      onStop: () => end(attempt, 'stopped'),
      onLost: () => end(attempt, 'lost'),
    });
    try {
      const outcome = await attempt.slot.run(
        assignment,
        (report) => {
          watchdog.reset();
          if (report.type === 'metrics') recorder.add(report.samples);
          else recorder.progress(report.total > 0 ? report.done / report.total : 0);
        },
        printed.add,
      );
      return { outcome, unwritten: await recorder.drain() };
    } finally {
      // Before the task's end is written: whoever sees it ended finds its last words.
      await printed.close();
      watchdog.stop();
      letGo();
      await recorder.drain();
    }
  }

  private async record(
    attempt: Attempt,
    outcome: Outcome,
    unwritten: readonly MetricSample[],
  ): Promise<void> {
    const { db, log } = this.options;
    const { task } = attempt.claim;
    const context = { job: task.jobId, task: task.key, attempt: task.attempt };
    let kept: boolean;
    try {
      kept = await settleAttempt(db, attempt, outcome, unwritten);
    } catch (error) {
      log.error({ ...context, err: error }, 'the result could not be recorded');
      const message = `the result could not be recorded: ${(error as Error).message}`;
      kept = await fail(db, attempt, { code: 'internal', message });
    }
    if (!kept) log.warn(context, 'stale attempt: its result is dropped');
    else
      log.info(
        { ...context, outcome: outcome.kind === 'gone' ? (attempt.ending ?? 'gone') : outcome.kind },
        'task ended',
      );
  }
}

/** Notes why, then kills: the trainer's end is what moves the attempt on. */
function end(attempt: Attempt, ending: Ending): void {
  attempt.ending ??= ending;
  void attempt.slot.kill();
}

function settleAttempt(
  db: Database,
  attempt: Attempt,
  outcome: Outcome,
  unwritten: readonly MetricSample[],
): Promise<boolean> {
  const { task } = attempt.claim;
  if (outcome.kind === 'succeeded') return recordSuccess(db, task, outcome.success, unwritten);
  if (outcome.kind === 'failed') return fail(db, attempt, outcome.failure);
  if (attempt.ending === 'lost') return Promise.resolve(false);
  if (attempt.ending === 'released') return releaseTask(db, task);
  const stalled = attempt.ending === 'stalled';
  const code = stalled ? 'trainer_stalled' : 'trainer_crashed';
  return fail(db, attempt, { code, message: stalled ? 'the trainer reported nothing' : outcome.message });
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly stage?: number | null;
  readonly step?: number | null;
  readonly tensor?: string | null;
}

function fail(db: Database, { claim: { task } }: Attempt, failure: Failure): Promise<boolean> {
  const { code, message, stage = task.stage, step = null, tensor = null } = failure;
  return recordFailure(db, task, { code, message, stage, step, tensor }, retryClassOf(code) === 'retry');
}
