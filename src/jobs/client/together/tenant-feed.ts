import type { EventFilter, TenantEvent } from '../../../contract/client/jobs.js';
import { databaseNow } from '../../store/connection/clock.js';
import type { Database } from '../../store/connection/database.js';
import {
  findFirstEvents,
  findNewEvents,
  findTenantEvents,
  placeBefore,
  type TenantEventRow,
} from '../../store/tenant-events.js';
import { toTenantEvent } from '../views/parts.js';
import { readTogether } from './read-together.js';

const BATCH = 500;
/** Pause after a read, as a multiple of its duration: reads take at most half of the time. */
const REST = 1;
/**
 * A transaction may commit events this long after their times, so what a follower may have missed begins this much earlier.
 * Transactions are ended after 30 s.
 */
const LATE_MS = 60_000;
/** A follower that does not read is dropped here; its client connects again and gets the rest. */
const MAX_WAITING = 5_000;

/** Jobs whose last event is remembered. One that had none for long is forgotten. */
const MAX_JOBS = 10_000;

/** Waiting events of one follower. */
class Follower {
  readonly #waiting: TenantEvent[] = [];
  #wake: () => void = () => undefined;
  isOverrun = false;

  constructor(
    readonly tenant: string,
    readonly types: ReadonlySet<string> | null,
  ) {}

  push(event: TenantEvent): void {
    if (this.types !== null && !this.types.has(event.type)) return;
    if (this.#waiting.length >= MAX_WAITING) this.isOverrun = true;
    else this.#waiting.push(event);
    this.#wake();
  }

  async *events(signal: AbortSignal): AsyncGenerator<TenantEvent> {
    const wake = () => this.#wake();
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) {
        for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) yield next;
        if (this.isOverrun) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          if (signal.aborted || this.#waiting.length > 0) resolve();
        });
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }
}

/**
 * New events of all tenants that are followed, read once for all followers after the nudge that names their job.
 *
 * State: `#last` holds the seq of the last event that was read of each job which had one since the first follower came.
 * `#nudged` holds the jobs that may have more. Nothing is read or kept while nobody follows.
 */
export class TenantFeed {
  readonly #followers = new Set<Follower>();
  readonly #last = new Map<string, number>();
  readonly #nudged = new Set<string>();
  /** Time of the newest event that was read, by the clock of Postgres. */
  #readUntil = new Date(0);
  readonly #read: (_: readonly never[]) => Promise<void>;
  readonly #readFirst: (_: readonly never[]) => Promise<void>;

  constructor(private readonly db: Database) {
    this.#read = readTogether(() => this.#readNew(), REST);
    this.#readFirst = readTogether(
      async () => this.#deliver(await findFirstEvents(db, this.#tenants(), this.#missable())),
      REST,
    );
  }

  /** @param jobId empty: nudges may have been missed */
  nudge(jobId: string): void {
    if (this.#followers.size === 0) return;
    if (jobId !== '') this.#nudged.add(jobId);
    // A failed read is repeated by the next nudge, or by the one that follows a new connection.
    const read = jobId === '' ? this.#catchUp() : this.#read([]);
    read.catch(() => undefined);
  }

  /** Jobs may have been created. Their first event names no job, because jobs are created in large numbers. */
  lookForNew(): void {
    if (this.#followers.size > 0) this.#readFirst([]).catch(() => undefined);
  }

  /** Events since a time, then each new one; an event comes once. */
  async *follow(
    tenant: string,
    { since, types = undefined }: EventFilter,
    signal: AbortSignal,
  ): AsyncGenerator<TenantEvent> {
    const follower = new Follower(tenant, types ? new Set(types) : null);
    const now = await databaseNow(this.db);
    if (this.#followers.size === 0) this.#readUntil = now;
    this.#followers.add(follower);
    try {
      const sent = new Map<string, number>();
      for await (const event of this.#stored(tenant, types ?? null, since)) {
        if (signal.aborted) return;
        sent.set(event.job_id, event.seq);
        yield event;
      }
      for await (const event of follower.events(signal)) {
        if (event.seq > (sent.get(event.job_id) ?? 0)) yield event;
      }
    } finally {
      this.#followers.delete(follower);
      if (this.#followers.size === 0) for (const kept of [this.#last, this.#nudged]) kept.clear();
    }
  }

  async *#stored(
    tenant: string,
    types: readonly string[] | null,
    since: Date | null,
  ): AsyncGenerator<TenantEvent> {
    let place = placeBefore(since);
    for (;;) {
      const rows = await findTenantEvents(this.db, { tenant, types }, place, BATCH);
      for (const row of rows) yield toTenantEvent(row);
      const last = rows.at(-1);
      if (last === undefined || rows.length < BATCH) return;
      place = last;
    }
  }

  async #readNew(): Promise<void> {
    const jobs = new Map([...this.#nudged].map((id) => [id, this.#last.get(id) ?? null]));
    this.#nudged.clear();
    if (jobs.size === 0) return;
    try {
      const rows = await findNewEvents(this.db, jobs, this.#missable(), BATCH);
      this.#deliver(rows);
      if (rows.length >= BATCH) for (const id of jobs.keys()) this.nudge(id);
    } catch (error) {
      for (const id of jobs.keys()) this.#nudged.add(id);
      throw error;
    }
  }

  /** Reads what the followed tenants have since the last read. */
  async #catchUp(): Promise<void> {
    const since = this.#missable();
    await this.#read([]);
    for (const tenant of this.#tenants()) {
      let place = placeBefore(since);
      for (;;) {
        const rows = await findTenantEvents(this.db, { tenant, types: null }, place, BATCH);
        this.#deliver(rows);
        const last = rows.at(-1);
        if (last === undefined || rows.length < BATCH) break;
        place = last;
      }
    }
  }

  #tenants(): string[] {
    return [...new Set([...this.#followers].map(({ tenant }) => tenant))];
  }

  #missable(): Date {
    return new Date(this.#readUntil.getTime() - LATE_MS);
  }

  #remember({ jobId, seq, at }: TenantEventRow): void {
    if (at > this.#readUntil) this.#readUntil = at;
    this.#last.delete(jobId);
    this.#last.set(jobId, seq);
    if (this.#last.size <= MAX_JOBS) return;
    for (const longest of this.#last.keys()) {
      this.#last.delete(longest);
      return;
    }
  }

  #deliver(rows: readonly TenantEventRow[]): void {
    for (const row of rows) {
      if (row.seq <= (this.#last.get(row.jobId) ?? 0)) continue;
      this.#remember(row);
      const event = toTenantEvent(row);
      for (const follower of this.#followers) if (follower.tenant === row.tenant) follower.push(event);
    }
  }
}
