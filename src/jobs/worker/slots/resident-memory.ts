import { readFileSync } from 'node:fs';

const KIB = 1024;

/** Resident memory of a process in bytes; null if it has ended. */
export function residentMemory(pid: number): number | null {
  try {
    const [, kib] = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kib === undefined ? null : Number(kib) * KIB;
  } catch {
    return null;
  }
}
