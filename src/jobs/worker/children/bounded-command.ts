/** Resources of its host that a child may use. */
export interface ProcessBounds {
  /** Private memory (RLIMIT_DATA). Address space that is only reserved does not count; Node reserves much of it. */
  readonly memoryBytes: number;
  /** Processor time of all its threads together (RLIMIT_CPU). */
  readonly cpuSeconds: number;
}

/**
 * A lower bound of the host's own stays. The soft bound of time sends SIGXCPU, by which it is known; the hard one ends who
 * ignores that. `exec` leaves the child its process id and its channel.
 */
const SCRIPT =
  '{ ulimit -d "$1"; ulimit -H -t "$(($2 + 5))"; ulimit -S -t "$2"; } 2>/dev/null; shift 2; exec "$@"';

/** The command under bounds that the kernel enforces, whatever the child does: beyond them it gets no memory, or SIGXCPU. */
export function boundedCommand(
  command: readonly string[],
  { memoryBytes, cpuSeconds }: ProcessBounds,
): string[] {
  const bounds = [Math.ceil(memoryBytes / 1_024), Math.ceil(cpuSeconds)].map(String);
  return ['/bin/sh', '-c', SCRIPT, 'bounded', ...bounds, ...command];
}
