import { EventEmitter, once } from 'node:events';
import type { Event, LogFilter, LogLine } from '../../contract/jobs-client.js';
import { isTerminal, type JobState } from '../../contract/states.js';
import type { Database } from '../store/database.js';
import { findEvents } from '../store/events.js';
import { findLogLines } from '../store/log-lines.js';
import { listen } from '../store/notify.js';
import { toEvent, toLogLine } from '../wire/parts.js';
import { notFound } from './own.js';
import { SharedReads } from './shared-reads.js';

export interface EventFeed {
  /** A job's events after a seq, and each new one as it happens, until the job's last or `signal` aborts. */
  follow(tenant: string, jobId: string, after: number, signal: AbortSignal): AsyncIterable<Event>;
  /** The same for what its trainers print. */
  followLogs(tenant: string, jobId: string, filter: LogFilter, signal: AbortSignal): AsyncIterable<LogLine>;
  close(): Promise<void>;
}

interface Reading {
  readonly tenant: string;
  readonly jobId: string;
  /** Two readers of the same share their reads. */
  readonly what: string;
  readonly after: number;
}

const BATCH = 500;
/** Nudges that come without a job's id concern every reader: the connection was lost for a while. */
const ANY_JOB = 'any';

/**
 * Events and log lines are read from their tables by seq; LISTEN only says when to look. One connection serves all
 * readers.
 */
export async function createEventFeed(db: Database, databaseUrl: string): Promise<EventFeed> {
  const nudges = new EventEmitter().setMaxListeners(0);
  const reads = new SharedReads();
  const listener = await listen(databaseUrl, 'strata_event', (jobId) => {
    reads.forget();
    nudges.emit(jobId || ANY_JOB);
  });

  async function* rowsOf<T extends { readonly seq: number }>(
    { tenant, jobId, what, after }: Reading,
    signal: AbortSignal,
    read: (after: number) => Promise<readonly T[]>,
  ): AsyncGenerator<T> {
    let seq = after;
    while (!signal.aborted) {
      const grown = nextNudge(nudges, jobId, signal);
      try {
        // The state is read first: what the job ended with is then among the rows.
        const { job, rows } = await reads.share(`${tenant}/${jobId}/${what}/${seq}`, async () => {
          const job = await db.job.findUnique({ where: { id: jobId, tenant }, select: { state: true } });
          return { job, rows: job === null ? [] : await read(seq) };
        });
        if (job === null) notFound(jobId);
        yield* rows;
        seq = rows.at(-1)?.seq ?? seq;
        if (rows.length === BATCH) continue;
        if (isTerminal('job', job.state as JobState)) return;
        await grown.arrived;
      } finally {
        grown.cancel();
      }
    }
  }

  return {
    async *follow(tenant, jobId, after, signal) {
      const read = (seq: number) => findEvents(db, jobId, seq, BATCH);
      for await (const row of rowsOf({ tenant, jobId, what: 'events', after }, signal, read))
        yield toEvent(row);
    },
    async *followLogs(tenant, jobId, { after, task = null }, signal) {
      const read = (seq: number) => findLogLines(db, jobId, { after: seq, task: task ?? null }, BATCH);
      const what = `logs/${task ?? ''}`;
      for await (const row of rowsOf({ tenant, jobId, what, after }, signal, read)) yield toLogLine(row);
    },
    close: () => listener.close(),
  };
}

/** Starts to listen now, so that nothing is missed between reading and waiting. Settles on abort too. */
function nextNudge(nudges: EventEmitter, jobId: string, signal: AbortSignal) {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  const wait = (name: string) => once(nudges, name, { signal: either });
  const arrived = Promise.race([wait(jobId), wait(ANY_JOB)]).catch(() => undefined);
  return { arrived, cancel: () => done.abort() };
}
