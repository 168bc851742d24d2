import type { PartAssignment } from '../../../contract/evaluator-protocol.js';
import type { Leases } from '../../lifecycle/held-leases.js';
import { untilAvailable, workOn } from '../../lifecycle/work-on.js';
import { MAX_CLAIM_LOSSES } from '../../process/limits.js';
import { startLoop } from '../../process/loop.js';
import { openPlaces } from '../../process/places.js';
import type { Log } from '../../process/process.js';
import type { Database } from '../../store/connection/database.js';
import type { EvaluationOutcome, PartChild } from '../children/evaluator-child.js';
import { startWatchdog } from '../children/watchdog.js';
import type { PartSkill } from './evaluator.js';
import {
  type BatchPartOptions,
  type ClaimPart,
  claimEvaluationPart,
  claimPartOfBatch,
  type PartWork,
} from './part-work.js';

export interface PartsOptions extends BatchPartOptions {
  readonly db: Database;
  readonly workerId: string;
  readonly leases: Leases;
  /** Starts the process that works on parts. Null: this worker takes none. */
  readonly start: ((skill: PartSkill) => PartChild) | null;
  readonly noProgressMs: number;
  readonly log: Log;
}

export interface Parts {
  /** Looks now: a part may wait. */
  look(): void;
  /** The same where one may also be needed no more. */
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
 * Works on the parts of evaluations and of batch predictions, one at a time, in a process of the lowest priority beside the
 * slots: parts fill what training leaves. A lease says whose a part is, and a fence keeps out what another attempt did. The
 * process ends when nothing waits any more.
 */
export function startParts(options: PartsOptions): Parts {
  const { db, workerId, start, log } = options;
  if (start === null) return { look: () => undefined, nudge: () => undefined, stop: async () => undefined };
  const warn = (error: unknown) => log.warn({ err: error }, 'parts of evaluations and batch predictions');
  const bench = new Bench(start, options);
  const claim = inAlternation([claimEvaluationPart, claimPartOfBatch(options)]);
  const places = openPlaces(
    1,
    async () => {
      const part = await claim(db, workerId);
      if (part === null) await bench.rest();
      return part && (() => bench.work(part));
    },
    warn,
  );
  const loop = startLoop(() => places.fill(), null, warn);
  return {
    look: loop.nudge,
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

function skillFor({ kind }: PartAssignment): PartSkill {
  if (kind === 'assembly') return 'assemble';
  return kind === 'pictures' ? 'unpack' : 'evaluate';
}

/** Claims parts of every kind that has some, one kind after another: none waits for the end of the others. */
function inAlternation(kinds: readonly ClaimPart[]): ClaimPart {
  let order = [...kinds];
  return async (db, workerId) => {
    for (const kind of order) {
      const part = await kind(db, workerId);
      if (part === null) continue;
      order = [...order.filter((other) => other !== kind), kind];
      return part;
    }
    return null;
  };
}

/** The one evaluator of a worker, and the part that it works on. */
class Bench {
  #child: PartChild | null = null;
  #skill: PartSkill = 'evaluate';
  #ending: Ending | null = null;
  #stopped = false;

  constructor(
    private readonly start: (skill: PartSkill) => PartChild,
    private readonly options: PartsOptions,
  ) {}

  async work(part: PartWork): Promise<void> {
    const { leases, log } = this.options;
    const { about, lease } = part;
    this.#ending = this.#stopped ? 'stopped' : null;
    await workOn({
      ...{ lease, leases, about, log },
      run: async (lost) => {
        lost.addEventListener('abort', () => this.end('lost'));
        const outcome = await this.#run(part);
        await untilAvailable(() => this.#record(part, outcome));
        log.info({ ...about, outcome: this.#ending ?? outcome.kind }, 'part ended');
      },
      fail: (error) => part.recordFailure(error),
    });
  }

  /** Stops the part that is in work, with its process: another starts with the next part. */
  end(why: Ending): void {
    if (why === 'stopped') this.#stopped = true;
    this.#ending ??= why;
    void this.#child?.kill(REASONS[why]);
  }

  async rest(): Promise<void> {
    await this.#child?.kill('no part waits');
    this.#child = null;
  }

  async #run(part: PartWork): Promise<EvaluationOutcome> {
    if (part.losses > MAX_CLAIM_LOSSES) {
      const message = `${part.losses} workers in a row stopped renewing its lease`;
      return { kind: 'failed', failure: { code: 'evaluation_given_up', message } };
    }
    const assignment = await part.assignment();
    const child = await this.#childFor(skillFor(assignment));
    if (this.#ending) await child.kill(REASONS[this.#ending]);
    const watchdog = startWatchdog(this.options.noProgressMs, () => this.end('stalled'));
    try {
      return await child.run(assignment, () => watchdog.reset());
    } finally {
      watchdog.stop();
    }
  }

  /** Evaluators keep their networks between parts. A process that has unpacked files of somebody does not get another part. */
  async #childFor(skill: PartSkill): Promise<PartChild> {
    if (this.#child?.alive && skill === 'evaluate' && this.#skill === skill) return this.#child;
    await this.#child?.kill('the next part needs another process');
    this.#skill = skill;
    this.#child = this.start(skill);
    return this.#child;
  }

  async #record(part: PartWork, outcome: EvaluationOutcome): Promise<unknown> {
    if (outcome.kind === 'succeeded') return part.record(outcome.success);
    if (outcome.kind === 'failed') return part.recordFailure(outcome.failure);
    if (this.#ending === 'stopped') return part.handBack();
    if (this.#ending === 'lost') return;
    return part.recordFailure({ code: 'evaluator_gone', message: outcome.message });
  }
}
