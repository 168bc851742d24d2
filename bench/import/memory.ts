import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Proportional set size in MB, by what processes are: what two share counts half for each. */
export type Memory = ReadonlyMap<string, number>;

export const sumOf = (memory: Memory): number => [...memory.values()].reduce((sum, mb) => sum + mb, 0);

/** @returns of these processes and all that they have started, now */
export function memoryOf(roots: readonly number[]): Memory {
  const children = childrenOfAll();
  const memory = new Map<string, number>();
  for (let left = [...roots]; left.length > 0; ) {
    const pid = left.pop()!;
    left = [...left, ...(children.get(pid) ?? [])];
    const pss = /^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`));
    const name = nameOf(read(`/proc/${pid}/cmdline`));
    memory.set(name, (memory.get(name) ?? 0) + Number(pss?.[1] ?? 0) / 1024);
  }
  return memory;
}

/** Looks again and again until `stop`, for the first time after a while; the greatest sum that was met. */
export function watchMemory(roots: readonly number[], everyMs: number): { stop(): Promise<Memory> } {
  let peak: Memory = new Map();
  let stopped = false;
  const watching = (async () => {
    while (!stopped) {
      await delay(everyMs);
      const memory = memoryOf(roots);
      if (sumOf(memory) > sumOf(peak)) peak = memory;
    }
  })();
  return {
    async stop() {
      stopped = true;
      await watching;
      return peak;
    },
  };
}

function childrenOfAll(): ReadonlyMap<number, number[]> {
  const children = new Map<number, number[]>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = Number(/\) \S (\d+)/.exec(read(`/proc/${pid}/stat`))?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(pid)]);
  }
  return children;
}

const NAMES = {
  'api/server': 'api',
  'dispatcher/main': 'dispatcher',
  'worker/main': 'worker',
  'trainer/main': 'trainers',
  'datasets/main': 'importer',
  'service/start': 'supervisor',
  esbuild: 'supervisor',
  'valkey|redis': 'redis',
};

function nameOf(command: string): string {
  return Object.entries(NAMES).find(([pattern]) => new RegExp(pattern).test(command))?.[1] ?? 'postgres';
}

/** Nothing of a process that has ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
