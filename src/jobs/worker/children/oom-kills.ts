import { readFileSync } from 'node:fs';

/** Reads a file of /proc or /sys; undefined where it is not there or may not be read. */
export type ReadFile = (path: string) => string | undefined;

/**
 * Number of processes that the kernel has killed for lack of memory, in our control group (the limit of a
 * container) and on the whole machine, as far as they can be read. The difference over the life of a process shows
 * whether it may have been one of them.
 */
export function countOomKills(read: ReadFile = readKernelFile): number {
  const machine = counter(read('/proc/vmstat'), 'oom_kill');
  return Math.max(machine, ...groupFiles(read).map((path) => counter(read(path), 'oom_kill')));
}

function groupFiles(read: ReadFile): string[] {
  const lines = (read('/proc/self/cgroup') ?? '').split('\n');
  return lines.flatMap((line) => {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === '') return [];
    if (controllers === '') return [`/sys/fs/cgroup${path}/memory.events`, '/sys/fs/cgroup/memory.events'];
    if (!controllers.split(',').includes('memory')) return [];
    return [`/sys/fs/cgroup/memory${path}/memory.oom_control`, '/sys/fs/cgroup/memory/memory.oom_control'];
  });
}

function counter(text: string | undefined, name: string): number {
  const [, value] = new RegExp(`^${name} (\\d+)$`, 'm').exec(text ?? '') ?? [];
  return Number(value ?? 0);
}

function readKernelFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
