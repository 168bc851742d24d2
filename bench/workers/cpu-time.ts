import { readdirSync, readFileSync } from 'node:fs';
import type pg from 'pg';

const TICKS_PER_SECOND = 100;

interface Stat {
  readonly parent: number;
  readonly ownMs: number;
  /** Time of children that have ended. */
  readonly endedMs: number;
}

/** The time of the process; null if it has ended. */
function statOf(pid: number): Stat | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ').map(Number);
    const ms = (index: number) => ((fields[index]! + fields[index + 1]!) * 1000) / TICKS_PER_SECOND;
    return { parent: fields[1]!, ownMs: ms(11), endedMs: ms(13) };
  } catch {
    return null;
  }
}

export function cpuMsOf(pid: number): number {
  return statOf(pid)?.ownMs ?? 0;
}

/** Processor time of a Postgres server with all its processes, in milliseconds. */
export async function postgresCpuMs(sql: pg.Pool): Promise<number> {
  const { rows } = await sql.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const server = statOf(rows[0]!.pid)!.parent;
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)) ?? [])
    .filter(({ parent }) => parent === server);
  const ended = statOf(server)!;
  return stats.reduce((sum, { ownMs }) => sum + ownMs, ended.ownMs + ended.endedMs);
}
