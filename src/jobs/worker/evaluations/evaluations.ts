import type { EvaluationAssignment } from '../../../contract/evaluator-protocol.js';
import { handBackPart, recordPart, recordPartFailure } from '../../lifecycle/evaluations.js';
import type { Leases } from '../../lifecycle/held-leases.js';
import { untilAvailable, workOn } from '../../lifecycle/work-on.js';
import { EVALUATION_LOOK_MS, LEASE_MS, MAX_CLAIM_LOSSES } from '../../process/limits.js';
import { startLoop } from '../../process/loop.js';
import { openPlaces } from '../../process/places.js';
import type { Log } from '../../process/process.js';
import type { Database } from '../../store/connection/database.js';
import { type ClaimedPart, claimPart, findAnswers } from '../../store/evaluation-parts.js';
import type { EvaluationOutcome, EvaluatorChild } from '../children/evaluator-child.js';
import { startWatchdog } from '../children/watchdog.js';

export interface EvaluationsOptions {
  readonly db: Database;
  readonly workerId: string;
  readonly leases: Leases;
  /** Starts the process that works on parts. Null: this worker takes none. */
  readonly start: (() => EvaluatorChild) | null;
  readonly noProgressMs: number;
  readonly log: Log;
}

export interface Evaluations {
  /** Looks now: a part may wait, or one may be needed no more. */
  nudge(): void;
  stop(): Promise<void>;
}

type Ending = 'lost' | 'stopped' | 'stalled';

const REASONS: Readonly<Record<Ending, string>> = {
  lost: 'the lease of its part was lost',
  stopped: 'its worker stops',
  stalled: 'it reported nothing',
};

/**
 * Works on the parts of evaluations, one at a time, in a process of the lowest priority beside the slots: parts fill what
 * training leaves. A lease says whose a part is, and a fence keeps out what another attempt did. The process ends when
 * nothing waits any more.
 */
export function startEvaluations(options: EvaluationsOptions): Evaluations {
  const { db, workerId, start, log } = options;
  if (start === null) return { nudge: () => undefined, stop: async () => undefined };
  const warn = (error: unknown) => log.warn({ err: error }, 'evaluations');
  const bench = new Bench(start, options);
  const places = openPlaces(
    1,
    async () => {
      const claim = await claimPart(db, workerId, LEASE_MS);
      if (claim === null) await bench.rest();
      return claim && (() => bench.work(claim));
    },
    warn,
  );
  const loop = startLoop(() => places.fill(), EVALUATION_LOOK_MS, warn);
  return {
    nudge() {
      loop.nudge();
      options.leases.nudge();
    },
    async stop() {
      places.close();
      bench.end('stopped');
      await loop.stop();
      await places.idle();
      await bench.rest();
    },
  };
}

/** The one evaluator of a worker, and the part that it works on. */
class Bench {
  #child: EvaluatorChild | null = null;
  #ending: Ending | null = null;
  #stopped = false;

  constructor(
    private readonly start: () => EvaluatorChild,
    private readonly options: EvaluationsOptions,
  ) {}

  async work(claim: ClaimedPart): Promise<void> {
    const { db, leases, log } = this.options;
    const about = { evaluation: claim.evaluationId, part: claim.number, attempt: claim.attempt };
    this.#ending = this.#stopped ? 'stopped' : null;
    await workOn({
      lease: { table: 'evaluation_part', id: claim.id, attempt: claim.attempt },
      leases,
      about,
      log,
      run: async (lost) => {
        lost.addEventListener('abort', () => this.end('lost'));
        const outcome = await this.#run(claim);
        await untilAvailable(() => this.#record(claim, outcome));
        log.info({ ...about, outcome: this.#ending ?? outcome.kind }, 'part of an evaluation ended');
      },
      fail: (error) => recordPartFailure(db, claim, error),
    });
  }

  /** Stops the part that is in work, with its process: another starts with the next part. */
  end(why: Ending): void {
    if (why === 'stopped') this.#stopped = true;
    this.#ending ??= why;
    void this.#child?.kill(REASONS[why]);
  }

  async rest(): Promise<void> {
    await this.#child?.kill('no evaluation waits');
    this.#child = null;
  }

  async #run(claim: ClaimedPart): Promise<EvaluationOutcome> {
    if (claim.losses > MAX_CLAIM_LOSSES) {
      const message = `${claim.losses} workers in a row stopped renewing its lease`;
      return { kind: 'failed', failure: { code: 'evaluation_given_up', message } };
    }
    const assignment = await this.#assignment(claim);
    if (!this.#child?.alive) this.#child = this.start();
    if (this.#ending) await this.#child.kill(REASONS[this.#ending]);
    const watchdog = startWatchdog(this.options.noProgressMs, () => this.end('stalled'));
    try {
      return await this.#child.run(assignment, () => watchdog.reset());
    } finally {
      watchdog.stop();
    }
  }

  async #assignment({ setup, first, count, evaluationId }: ClaimedPart): Promise<EvaluationAssignment> {
    if (count > 0) return { kind: 'answers', setup, first, count };
    return { kind: 'figures', setup, parts: await findAnswers(this.options.db, evaluationId) };
  }

  async #record(claim: ClaimedPart, outcome: EvaluationOutcome): Promise<unknown> {
    const { db } = this.options;
    if (outcome.kind === 'succeeded') return recordPart(db, claim, outcome.success);
    if (outcome.kind === 'failed') return recordPartFailure(db, claim, outcome.failure);
    if (this.#ending === 'stopped') return handBackPart(db, claim);
    if (this.#ending === 'lost') return;
    return recordPartFailure(db, claim, { code: 'evaluator_gone', message: outcome.message });
  }
}
