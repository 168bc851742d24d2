import type { Event, EventFilter, LogFilter, LogLine, TenantEvent } from '../../../contract/client/jobs.js';
import { isTerminal } from '../../../contract/states.js';
import { followNudges } from '../../queue/published-nudges.js';
import type { PostgresAddresses } from '../../store/connection/addresses.js';
import type { Database } from '../../store/connection/database.js';
import { listen } from '../../store/connection/notify.js';
import { findEvents } from '../../store/events.js';
import { findLastSeqs } from '../../store/jobs.js';
import { findLogLines } from '../../store/log-lines.js';
import { notFound } from '../require-job.js';
import { toEvent, toLogLine } from '../views/parts.js';
import { BATCH, type Source, Tail } from './tail.js';
import { TenantFeed } from './tenant-feed.js';

export interface EventFeed {
  /** Yields the events of a job after a seq, then each new one, until the last one or until `signal` aborts. */
  follow(tenant: string, jobId: string, after: number, signal: AbortSignal): AsyncIterable<Event>;
  /** The same for the output of its trainers. */
  followLogs(tenant: string, jobId: string, filter: LogFilter, signal: AbortSignal): AsyncIterable<LogLine>;
  /** Events of all jobs of a tenant since a time, then each new one, until `signal` aborts. */
  followTenant(tenant: string, filter: EventFilter, signal: AbortSignal): AsyncIterable<TenantEvent>;
  close(): Promise<void>;
}

/** Readers of a job look at this interval, even without a nudge, which a process that dies may not have sent. */
const LOOK_MS = 5_000;
/** The same for readers of a tenant, who read everything of the last minute again. */
const TENANT_LOOK_MS = 60_000;

/**
 * Events and log lines are read from their tables by seq. LISTEN, and Redis for those that workers write, only signal that
 * there may be new rows. One connection serves all readers, and readers of the same list share its tail.
 */
export async function createEventFeed(
  db: Database,
  servers: PostgresAddresses & { readonly redisUrl: string },
): Promise<EventFeed> {
  const tails = new SharedTails();
  const tenants = new TenantFeed(db);
  const nudge = (jobId: string) => {
    tails.nudge(jobId);
    tenants.nudge(jobId);
  };
  const listener = await listen(servers, {
    strata_event: nudge,
    // `ready`: tasks became claimable, and no job was created.
    strata_dispatch: (payload) => {
      if (payload !== 'ready') tenants.lookForNew();
    },
  });
  const published = followNudges(servers.redisUrl, 'strata_event', nudge);
  const looks = [
    setInterval(() => tails.nudge(''), LOOK_MS),
    setInterval(() => tenants.nudge(''), TENANT_LOOK_MS),
  ];
  const stateReader = (tenant: string, jobId: string, counter: 'eventSeq' | 'logSeq') => async () => {
    const job = (await findLastSeqs(db, tenant, jobId)) ?? notFound(jobId);
    return { newest: job[counter], ended: isTerminal('job', job.state) };
  };
  return {
    follow(tenant, jobId, after, signal) {
      const source: Source<Event> = {
        readState: stateReader(tenant, jobId, 'eventSeq'),
        rows: async (seq) => (await findEvents(db, jobId, seq, BATCH)).map(toEvent),
      };
      return tails.follow({ jobId, name: `${tenant}/events` }, source, after, signal);
    },
    followLogs(tenant, jobId, { after, task = null }, signal) {
      const source: Source<LogLine> = {
        readState: stateReader(tenant, jobId, 'logSeq'),
        rows: async (seq) => (await findLogLines(db, jobId, { after: seq, task }, BATCH)).map(toLogLine),
      };
      return tails.follow({ jobId, name: `${tenant}/logs/${task ?? ''}` }, source, after, signal);
    },
    followTenant: (tenant, filter, signal) => tenants.follow(tenant, filter, signal),
    async close() {
      for (const look of looks) clearInterval(look);
      published.close();
      await listener.close();
    },
  };
}

interface ListName {
  readonly jobId: string;
  /** Two readers of the same list share one tail. */
  readonly name: string;
}

/** The tails of the lists that have readers now. */
class SharedTails {
  readonly #jobs = new Map<string, Map<string, { tail: Tail<{ seq: number }>; readers: number }>>();

  /** @param jobId empty: the connection was lost for a while, so every reader must look */
  nudge(jobId: string): void {
    const nudged = jobId === '' ? [...this.#jobs.values()] : [this.#jobs.get(jobId) ?? new Map()];
    for (const lists of nudged) for (const { tail } of lists.values()) tail.nudge();
  }

  async *follow<T extends { seq: number }>(
    { jobId, name }: ListName,
    source: Source<T>,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<T> {
    const lists = this.#jobs.get(jobId) ?? new Map();
    this.#jobs.set(jobId, lists);
    const shared = lists.get(name) ?? { tail: new Tail(source), readers: 0 };
    lists.set(name, shared);
    shared.readers += 1;
    try {
      yield* shared.tail.follow(after, signal);
    } finally {
      shared.readers -= 1;
      if (shared.readers === 0) lists.delete(name);
      if (lists.size === 0) this.#jobs.delete(jobId);
    }
  }
}
