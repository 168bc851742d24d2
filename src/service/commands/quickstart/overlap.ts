/** The time of a task on a device, in milliseconds. */
export interface BusyTime {
  stage: number;
  from: number;
  to: number;
}

export interface Overlap {
  /** Wall time from the start of the first stage task to the end of the last one. */
  phaseMs: number;
  /** Part of this time in which at least two different stages were busy. */
  overlapMs: number;
}

/** Measures the parallelism of the layer-parallel phase: a sweep over the times at which a task starts or ends. */
export function stageOverlap(tasks: readonly BusyTime[]): Overlap {
  if (tasks.length === 0) return { phaseMs: 0, overlapMs: 0 };
  const instants = [...new Set(tasks.flatMap((task) => [task.from, task.to]))].sort((a, b) => a - b);
  let overlapMs = 0;
  for (const [index, from] of instants.slice(0, -1).entries()) {
    const to = instants[index + 1]!;
    const busy = new Set(
      tasks.filter((task) => task.from <= from && task.to >= to).map((task) => task.stage),
    );
    if (busy.size >= 2) overlapMs += to - from;
  }
  return { phaseMs: instants.at(-1)! - instants[0]!, overlapMs };
}
