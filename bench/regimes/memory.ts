import { mkdtemp, readFile, rmdir, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const LIMITED = '/sys/fs/cgroup/memory';
const MB = 1024 * 1024;

/** Resident memory of a process, now and at most, in MB. */
export async function memoryOf(pid: number): Promise<{ readonly nowMb: number; readonly peakMb: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  return { nowMb: field('VmRSS'), peakMb: field('VmHWM') };
}

/** Makes the most that a process had what it has now. */
export const forgetPeak = (pid: number): Promise<void> => writeFile(`/proc/${pid}/clear_refs`, '5');

/**
 * A control group of Linux, of the first version: its processes are killed where they allocate more than its limit after
 * they have joined.
 */
export interface Limit {
  readonly folder: string;
  join(pid: number): Promise<void>;
  remove(): Promise<void>;
}

/** @throws Error where this account cannot limit memory so, as without root */
export async function limitMemory(name: string, megabytes: number): Promise<Limit> {
  const folder = await mkdtemp(`${LIMITED}/${name}-`);
  await writeFile(`${folder}/memory.limit_in_bytes`, String(Math.round(megabytes * MB)));
  return {
    folder,
    join: (pid) => writeFile(`${folder}/cgroup.procs`, String(pid)),
    remove: () => removeEmpty(folder),
  };
}

/** A process that was killed leaves its group a moment later. */
async function removeEmpty(folder: string): Promise<void> {
  for (let tries = 50; ; tries--) {
    try {
      return await rmdir(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || tries === 0) throw error;
      await delay(100);
    }
  }
}
