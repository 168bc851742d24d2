import { retryClassOf } from '../../../contract/errors.js';
import { messageOf } from '../../../contract/message-of.js';
import { outageOf } from '../../../contract/outages.js';
import { CHECKPOINT_INPUT, type TaskSuccess } from '../../../contract/trainer-protocol.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import type { Tracing } from '../../../tracing/tracing.js';
import { type Claim, claimNext, claimOffered, type SlotClaim } from '../../lifecycle/claim.js';
import { recordFailure, releaseTask } from '../../lifecycle/fail.js';
import type { Leases } from '../../lifecycle/held-leases.js';
import { recordLog } from '../../lifecycle/log.js';
import { recordReport } from '../../lifecycle/report.js';
import { isDecisive, recordSuccess, recordSuccessAndClaim } from '../../lifecycle/succeed.js';
import { untilAvailable, workOn } from '../../lifecycle/work-on.js';
import { FLUSH_MS } from '../../process/limits.js';
import type { Log } from '../../process/process.js';
import type { Database } from '../../store/connection/database.js';
import type { Claimer } from '../../store/tasks.js';
import type { Gone } from '../children/gone.js';
import type { OnReport, Outcome } from '../children/trainer-child.js';
import { startWatchdog, type Watchdog } from '../children/watchdog.js';
import type { Inviter } from '../gangs/invite.js';
import type { ProfileMaker } from '../profiles.js';
import type { Slot } from '../slots/slot.js';
import { Attempt } from './attempt.js';
import { Checkpoints } from './checkpoints.js';
import type { FetchAhead } from './fetch-ahead.js';
import { Gang, trainersFor } from './gang.js';
import { Helpers, type HelpersOptions } from './helpers.js';
import { withMetrics } from './metrics-input.js';
import { type Gathered, type Recorder, startRecorder } from './recorder.js';
import { startTaskLog } from './task-log.js';
import { type TaskTrace, traceTask } from './task-trace.js';
import type { WorkerMetrics } from './worker-metrics.js';

export interface TaskRunnerOptions extends HelpersOptions {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly workerId: string;
  readonly leases: Leases;
  readonly noProgressMs: number;
  readonly checkpointMs: number;
  readonly metrics: WorkerMetrics;
  /** Aborts when the worker must end its tasks and take no others. */
  readonly drained: AbortSignal;
  /** A slot takes tasks again after a quarantine. */
  readonly onTrusted: () => void;
  readonly tracing: Tracing;
  /** Makes the profiles that a slot takes in turn with tasks. */
  readonly profiles: ProfileMaker;
  /** Null where blobs are on this host already. */
  readonly ahead: FetchAhead | null;
  /** Finds slots of other workers for the gangs of this one. */
  readonly inviter: Inviter;
  readonly log: Log;
}

interface Ended {
  readonly outcome: Outcome;
  readonly unwritten: Gathered;
}

export class TaskRunner {
  private readonly attempts = new Set<Attempt>();
  private readonly works = new Set<Promise<void>>();
  private readonly helpers: Helpers;
  private closed = false;

  constructor(private readonly options: TaskRunnerOptions) {
    this.helpers = new Helpers(options);
  }

  /**
   * Claims the next task or profile for a reserved slot and sees it through, again and again until there is none: a
   * task that another one's end has opened begins without the way over dispatcher and queue. Whose turn it is Postgres
   * says each time.
   * @param offered the task to claim first; null: the next one
   */
  async run(slot: Slot, offered: string | null): Promise<void> {
    const work = this.workOn(slot, offered);
    this.works.add(work);
    await work.finally(() => this.works.delete(work));
  }

  private async workOn(slot: Slot, offered: string | null): Promise<void> {
    const helpers: Slot[] = [];
    try {
      let next: Next | 'nothing' = offered;
      while (next !== 'nothing') next = await this.work(slot, helpers, next);
    } finally {
      this.helpers.giveBack(helpers);
    }
  }

  /** Resolves when no task is running. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.works);
    await this.options.ahead?.idle();
  }

  /**
   * @param helpers slots that are reserved for what this slot runs. They stay so until it has claimed its next task: the next
   * round of a pipeline then finds them.
   * @returns what to do next; 'nothing' if there was nothing to do
   */
  private async work(slot: Slot, helpers: Slot[], next: Next): Promise<Claim | null | 'nothing'> {
    const { db, profiles } = this.options;
    const claimed = isClaim(next) ? next : await this.claim(slot, next);
    if (claimed === null) return 'nothing';
    const trainers = claimed.kind === 'task' ? trainersFor(claimed.assignment) : 1;
    await this.helpers.gather(slot, helpers, trainers - 1);
    if (claimed.kind === 'profile') await profiles.make(claimed.profile, slot);
    else if (this.closed) await releaseTask(db, claimed.task);
    else return this.runTask(claimed, slot, helpers);
    return null;
  }

  private async claim(slot: Slot, offered: string | null): Promise<SlotClaim | null> {
    if (!this.takesTasks(slot)) return null;
    return this.helpers.look(claimFor(this.options.db, this.claimerOf(slot), offered));
  }

  private takesTasks(slot: Slot): boolean {
    return !(this.closed || this.options.drained.aborted || slot.quarantined);
  }

  private claimerOf({ place }: Slot): Claimer {
    return { workerId: this.options.workerId, ...place };
  }

  /** @returns the next task, which was claimed with the end of this one; null if none was */
  private async runTask(claimed: Claim, slot: Slot, helpers: readonly Slot[]): Promise<Claim | null> {
    const { db, blobs, workerId, leases, tracing, log } = this.options;
    const { task } = claimed;
    const gang = trainersFor(claimed.assignment) > 1 ? new Gang([slot, ...helpers]) : null;
    const attempt = new Attempt(claimed, gang ?? slot);
    const checkpoints = new Checkpoints(blobs, claimed.assignment.inputs[CHECKPOINT_INPUT] ?? null);
    const trace = traceTask(tracing, claimed, { workerId, device: slot.place.device }, Date.now);
    this.attempts.add(attempt);
    let next: Claim | null = null;
    const settle = async (ended: Ended): Promise<boolean> => {
      if (ended.outcome.kind !== 'succeeded' || gang !== null || !this.takesTasks(slot))
        return this.settle(attempt, ended);
      const { success } = ended.outcome;
      const recorded = await this.succeedAndClaim(attempt, success, ended.unwritten, slot);
      next = recorded.next;
      return this.noteOpened(recorded.opened);
    };
    await workOn({
      lease: { table: 'task', id: task.id, attempt: task.attempt },
      leases,
      about: { job: task.jobId, task: task.key, attempt: task.attempt },
      log,
      onWish: (wish) => attempt.obey(wish),
      run: async (lost) => {
        lost.addEventListener('abort', () => attempt.lose());
        if (gang) await this.gather(attempt, gang);
        const ended = await this.train(attempt, slot.place.device, checkpoints);
        if (gang === null || gang.size === 1) this.suspect(attempt, ended.outcome, slot);
        await this.record(attempt, ended, checkpoints, trace, () => settle(ended));
      },
      fail: (error) => fail(db, attempt, error),
    }).finally(async () => {
      attempt.detach();
      await gang?.close();
      this.attempts.delete(attempt);
    });
    return next;
  }

  private succeedAndClaim({ claim }: Attempt, success: TaskSuccess, { samples }: Gathered, slot: Slot) {
    const { task, assignment } = claim;
    const decides = isDecisive(assignment.spec);
    return recordSuccessAndClaim(this.options.db, task, success, samples, decides, this.claimerOf(slot));
  }

  /** A gang does not say whose trainer ended first. */
  private suspect({ claim: { task }, ending }: Attempt, { kind }: Outcome, slot: Slot): void {
    const { onTrusted, log } = this.options;
    if (kind !== 'gone') slot.noteReport();
    else if (ending === null || ending === 'stalled') {
      const ms = slot.noteEnd(task.jobId, onTrusted);
      const about = { device: slot.place.device, seconds: ms / 1000 };
      if (ms > 0) log.error(about, 'quarantine: trainers of several jobs in a row ended without a report');
    }
  }

  private async gather(attempt: Attempt, gang: Gang): Promise<void> {
    const { claim } = attempt;
    await gang.open();
    await this.options.inviter.invite(claim, gang, trainersFor(claim.assignment), () => attempt.yield());
  }

  /** Asks all running tasks for a checkpoint and ends them, without counting a failure. */
  releaseAll(): void {
    this.closed = true;
    for (const attempt of this.attempts) attempt.yield();
  }

  private async train(attempt: Attempt, device: string, checkpoints: Checkpoints): Promise<Ended> {
    const { db, noProgressMs, checkpointMs, log } = this.options;
    const { task, assignment } = attempt.claim;
    const recorder = startRecorder(
      (report) => this.write(attempt, report, checkpoints),
      FLUSH_MS,
      (error) =>
        log.warn({ err: error, task: task.id }, 'metrics could not be stored; they are stored later'),
    );
    const printed = startTaskLog(
      (lines) => recordLog(db, task, lines),
      FLUSH_MS,
      (error) =>
        log.warn({ err: error, task: task.id }, 'log lines could not be stored; they are stored later'),
      () => performance.now(),
    );
    const watchdog = startWatchdog(noProgressMs, () => attempt.kill('stalled'));
    const reminder = setInterval(() => attempt.askCheckpoint(), checkpointMs);
    const endAhead = this.options.ahead?.begin(task);
    try {
      const onReport = this.listener(device, recorder, watchdog);
      const complete = await withMetrics(db, this.options.blobs, assignment);
      const outcome = await attempt.run(complete, onReport, printed.add);
      return { outcome, unwritten: await recorder.drain() };
    } finally {
      endAhead?.();
      // Before the end of the task is recorded, so that its log is complete by then.
      await printed.close();
      clearInterval(reminder);
      watchdog.stop();
      await recorder.drain();
    }
  }

  private listener(device: string, recorder: Recorder, watchdog: Watchdog): OnReport {
    return (report) => {
      watchdog.reset();
      if (report.type === 'metrics') {
        recorder.add(report.samples, report.made_at_ms);
        this.options.metrics.samplesMade(device, report.samples);
      } else if (report.type === 'checkpoint') recorder.checkpoint(report.checkpoint);
      else recorder.progress(report.total > 0 ? report.done / report.total : 0);
    };
  }

  private async write(
    { claim: { task } }: Attempt,
    gathered: Gathered,
    checkpoints: Checkpoints,
  ): Promise<void> {
    const current = await recordReport(this.options.db, task, gathered);
    if (current) this.noteStored(gathered);
    if (current && gathered.checkpoint) await checkpoints.replacedBy(gathered.checkpoint.uri);
  }

  private noteStored({ oldestSampleMs }: Gathered): void {
    if (oldestSampleMs !== null) this.options.metrics.samplesStored((Date.now() - oldestSampleMs) / 1000);
  }

  private async record(
    attempt: Attempt,
    ended: Ended,
    checkpoints: Checkpoints,
    trace: TaskTrace,
    settle: () => Promise<boolean>,
  ): Promise<void> {
    const { db, log, metrics } = this.options;
    const { task } = attempt.claim;
    const { outcome, unwritten } = ended;
    const context = { job: task.jobId, task: task.key, attempt: task.attempt };
    let kept: boolean;
    try {
      kept = await untilAvailable(async () => {
        if (outcome.kind !== 'succeeded') await this.write(attempt, unwritten, checkpoints);
        return settle();
      });
      if (kept && outcome.kind === 'succeeded') {
        this.noteStored(unwritten);
        metrics.taskSucceeded(attempt.claim.assignment, outcome.success);
        await checkpoints.replacedBy(null);
      }
    } catch (error) {
      log.error({ ...context, err: error }, 'the result could not be recorded');
      const message = `the result could not be recorded: ${messageOf(error)}`;
      const code = outageOf(error) ?? 'internal';
      kept = await untilAvailable(() => fail(db, attempt, { code, message }));
    }
    const how = kept ? howEnded(attempt, outcome) : 'stale';
    metrics.taskEnded(task.kind, how, (performance.now() - attempt.startedAt) / 1000);
    trace.ended(how, ...wordsOf(outcome));
    if (!kept) log.warn(context, 'stale attempt: its result is discarded');
    else log.info({ ...context, outcome: how }, 'task ended');
  }

  private async settle(attempt: Attempt, { outcome, unwritten }: Ended): Promise<boolean> {
    const { db } = this.options;
    const { task, assignment } = attempt.claim;
    if (outcome.kind === 'succeeded') {
      const { success } = outcome;
      const opened = await recordSuccess(db, task, success, unwritten.samples, isDecisive(assignment.spec));
      return this.noteOpened(opened);
    }
    if (outcome.kind === 'failed') return fail(db, attempt, outcome.failure);
    if (outcome.kind === 'stopped' || attempt.ending === 'yielded') return releaseTask(db, task);
    if (attempt.isLost) return false;
    return fail(db, attempt, failureOfGone(attempt, outcome));
  }

  /** @returns false for a stale attempt */
  private noteOpened(opened: number | null): boolean {
    // This slot takes one of the opened tasks; another idle slot can take one at once.
    if (opened !== null && opened > 1) this.options.wakeSlot();
    return opened !== null;
  }
}

/** The next step of a slot: it looks for a task (null), claims one that is offered, or runs one that it has claimed. */
type Next = Claim | string | null;

function isClaim(next: Next): next is Claim {
  return typeof next === 'object' && next !== null;
}

/** A slot to which no task is offered, or one that it cannot have, takes the next one. */
async function claimFor(db: Database, claimer: Claimer, offered: string | null): Promise<SlotClaim | null> {
  const own = offered === null ? null : await claimOffered(db, offered, claimer);
  return own ?? claimNext(db, claimer);
}

function failureOfGone({ ending }: Attempt, { killer, message }: Gone): Failure {
  if (ending === 'stalled')
    return { code: 'trainer_stalled', message: 'the trainer reported nothing in time' };
  return { code: killer === 'out_of_memory' ? 'host_out_of_memory' : 'trainer_crashed', message };
}

function howEnded({ ending }: Attempt, { kind }: Outcome): string {
  return kind === 'gone' ? (ending ?? 'gone') : kind;
}

/** The trace data of an outcome: the seconds by part, or the error. */
function wordsOf(outcome: Outcome): [seconds: Readonly<Record<string, number>>, error?: string] {
  if (outcome.kind === 'succeeded') return [outcome.success.seconds];
  if (outcome.kind === 'failed') return [{}, outcome.failure.code];
  return outcome.kind === 'gone' ? [{}, outcome.message] : [{}];
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly stage?: number | null;
  readonly step?: number | null;
  readonly tensor?: string | null;
  readonly input?: string | null;
}

function fail(db: Database, { claim: { task } }: Attempt, failure: Failure): Promise<boolean> {
  const { code, message, stage = task.stage, step = null, tensor = null, input = null } = failure;
  return recordFailure(db, task, { code, message, stage, step, tensor }, retryClassOf(code), input);
}
