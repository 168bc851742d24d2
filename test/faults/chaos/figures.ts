import assert from 'node:assert/strict';
import type { Cell, Fault } from './schedule.js';
import { CHECKPOINT_S, type Theatre } from './theatre.js';

interface RunningAttempt {
  readonly task: string;
  readonly attempt: number;
  /** Since its last checkpoint, or its start. */
  readonly unsavedMs: number;
}

/** Running work at the time of a fault, by the clock of the database. */
export interface Harm extends Cell {
  readonly at: Date;
  readonly running: readonly RunningAttempt[];
}

/** An attempt that a fault ended; all in milliseconds. */
interface Loss {
  readonly noticed: number;
  readonly resumed: number;
  readonly lost: number;
}

/** These cannot end an attempt. What does in their time is another's doing. */
const HARMLESS = /^(api|redis|dispatcher|clock)/;
/** Noticed without anything else that has to come back first. */
const PROMISED = /^(worker|trainer)/;
const NOTICE_MS = 10_000;
/** A trainer that starts on a busy machine, which took up to 12 s: counted as lost where the fault comes before a checkpoint. */
const START_MS = 20_000;

/** Looks before a fault is done. @returns null where Postgres does not answer: an earlier fault is not healed yet */
export async function lookBefore(theatre: Theatre, cell: Cell, jobId: string): Promise<Harm | null> {
  const rows = await theatre.ask<{ now: Date; task: string | null; attempt: number; unsaved: number }>(
    `SELECT clock_timestamp() AS now, key AS task, task.attempt,
       1000 * extract(epoch FROM clock_timestamp() - greatest(task.started_at, checkpoint.created_at))::float8 AS unsaved
     FROM job LEFT JOIN task ON job_id = job.id AND task.state = 'running'
     LEFT JOIN checkpoint ON task_id = task.id WHERE job.id = $1`,
    [jobId],
  );
  if (!rows?.[0]) return null;
  const running = rows.flatMap(({ task, attempt, unsaved }) =>
    task === null ? [] : { task, attempt, unsavedMs: unsaved },
  );
  return { ...cell, at: rows[0].now, running };
}

interface TaskEvent {
  readonly at: Date;
  readonly type: string;
  readonly task: string;
  readonly attempt: number;
}

/** Cost of faults by kind, over all runs. */
export class Figures {
  private readonly losses = new Map<Fault, Loss[]>();
  private readonly done = new Map<Fault, number>();

  /** @throws AssertionError where a loss is over what the design promises */
  async add(theatre: Theatre, jobId: string, harms: readonly Harm[]): Promise<void> {
    const events = await theatre.ask<TaskEvent>(
      `SELECT at, type, data->>'task' AS task, (data->>'attempt')::int AS attempt FROM event
       WHERE job_id = $1 AND type LIKE 'task.%' ORDER BY seq`,
      [jobId],
    );
    assert.ok(events, 'Postgres is back');
    for (const [index, harm] of harms.entries()) {
      this.done.set(harm.fault, (this.done.get(harm.fault) ?? 0) + 1);
      if (HARMLESS.test(harm.fault)) continue;
      const later = harms.slice(index + 1).filter(({ fault }) => !HARMLESS.test(fault));
      for (const attempt of harm.running) {
        const loss = lossOf(harm, attempt, events, later);
        if (loss) this.keep(harm.fault, loss, isBlind(harm, loss, harms));
      }
    }
  }

  /** @param blind whether the process that must notice was disturbed meanwhile */
  private keep(fault: Fault, loss: Loss, blind: boolean): void {
    this.losses.set(fault, [...(this.losses.get(fault) ?? []), loss]);
    if (!PROMISED.test(fault)) return;
    assert.ok(blind || loss.noticed <= NOTICE_MS, `${fault} was noticed after ${loss.noticed} ms`);
    assert.ok(
      loss.lost <= 1000 * CHECKPOINT_S + START_MS,
      `${fault} cost ${loss.lost} ms: more than from one checkpoint to the next`,
    );
  }

  /** A Markdown table, as docs/reliability.md shows it: medians, and the worst behind them. */
  table(): string {
    const rows = [...this.done.entries()]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([fault, cells]) => {
        const losses = this.losses.get(fault) ?? [];
        const of = (part: keyof Loss) => spread(losses.map((loss) => loss[part]));
        return `| ${fault} | ${cells} | ${losses.length} | ${of('noticed')} | ${of('resumed')} | ${of('lost')} |`;
      });
    return [
      '| fault | cells | attempts lost | noticed after, s | runs again after, s | work lost, s |',
      '|---|---|---|---|---|---|',
      ...rows,
    ].join('\n');
  }
}

/** Events of an attempt that do not end it. */
const STARTS = ['task.started', 'task.shared'];

/** Outcome of an attempt that ran during `harm`; null if it continued, or ended by a later fault. */
function lossOf(
  { at }: Harm,
  { task, attempt, unsavedMs }: RunningAttempt,
  events: readonly TaskEvent[],
  later: readonly Harm[],
): Loss | null {
  const own = events.filter((event) => event.task === task);
  const ended = own.find(
    (event) => event.attempt === attempt && !STARTS.includes(event.type) && event.at > at,
  );
  const again = own.find((event) => event.attempt > attempt && event.type === 'task.started');
  if (ended?.type !== 'task.retried' || !again) return null;
  const blamed = later.some(
    (harm) =>
      harm.at < ended.at && harm.running.some((each) => each.task === task && each.attempt === attempt),
  );
  if (blamed) return null;
  return {
    noticed: ended.at.getTime() - at.getTime(),
    resumed: again.at.getTime() - at.getTime(),
    lost: unsavedMs,
  };
}

/** The dispatcher looks at leases in Postgres: no lost lease is noticed while one of the two is down. */
function isBlind({ at }: Harm, { noticed }: Loss, harms: readonly Harm[]): boolean {
  return harms.some(
    ({ fault, at: other }) =>
      /^(dispatcher|postgres)/.test(fault) && Math.abs(other.getTime() - at.getTime()) <= noticed,
  );
}

function spread(values: readonly number[]): string {
  if (values.length === 0) return '';
  const sorted = [...values].sort((a, b) => a - b);
  const seconds = (value: number | undefined) => ((value ?? 0) / 1000).toFixed(1);
  return `${seconds(sorted[Math.floor(sorted.length / 2)])} (${seconds(sorted.at(-1))})`;
}
