import { readFileSync } from 'node:fs';

/** Ticks in a second in which Linux counts the time of processes in /proc, on every machine. */
const TICKS = 100;
/** Places of `utime` and `stime` after the name of the program (proc_pid_stat(5), fields 14 and 15). */
const [USER, SYSTEM] = [11, 12] as const;

/** Processor time that a process has used, in all of its threads; 0 where it has ended. */
export function cpuSecondsOf(pid: number | undefined): number {
  try {
    // The name may hold spaces and brackets.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[USER]) + Number(fields[SYSTEM])) / TICKS;
  } catch {
    return 0;
  }
}
