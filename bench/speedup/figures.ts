import type { components } from '../../src/contract/generated/openapi.js';

type Task = components['schemas']['Task'];

/** A stage's tasks of the layer-parallel phase. */
export interface StageFigures {
  /** Share of the wall time of the phase; in the rest, the stage waited. */
  readonly busyShare: number;
  /** Seconds of a step by part, as the trainer timed them. */
  readonly secondsPerStep: Readonly<Record<string, number>>;
}

export interface PhaseFigures {
  readonly seconds: number;
  readonly stages: readonly StageFigures[];
  /**
   * Share of the time in which the devices are idle although every stage has work: from the start of the last stage
   * to begin, to the first end of the last task of a stage.
   */
  readonly steadyIdleShare: number;
  /** Seconds a step that all tasks together spend on messages. */
  readonly spoolSeconds: number;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

const spanOf = ({ started_at, finished_at }: Task): Span => ({
  start: Date.parse(started_at!) / 1000,
  end: Date.parse(finished_at!) / 1000,
});

/** @param steps of the phase, which every stage takes @throws RangeError where a stage has no task */
export function phaseFigures(tasks: readonly Task[], stages: number, steps: number): PhaseFigures {
  const byStage = Array.from({ length: stages }, (_, stage) =>
    tasks.filter((task) => task.kind === 'stage' && task.stage === stage),
  );
  if (byStage.some((own) => own.length === 0)) throw new RangeError('a stage has no task');
  const spans = byStage.map((own) => own.map(spanOf));
  const starts = spans.map((own) => Math.min(...own.map(({ start }) => start)));
  const ends = spans.map((own) => Math.max(...own.map(({ end }) => end)));
  const seconds = Math.max(...ends) - Math.min(...starts);
  const steady = { start: Math.max(...starts), end: Math.min(...ends) };
  const busy = (own: readonly Span[], { start, end }: Span) =>
    own.reduce((sum, span) => sum + Math.max(0, Math.min(span.end, end) - Math.max(span.start, start)), 0);
  const steadySeconds = stages * (steady.end - steady.start);
  return {
    seconds,
    stages: byStage.map((own, stage) => ({
      busyShare: busy(spans[stage]!, { start: -Infinity, end: Infinity }) / seconds,
      secondsPerStep: partsOf(own, steps),
    })),
    steadyIdleShare: 1 - spans.reduce((sum, own) => sum + busy(own, steady), 0) / steadySeconds,
    spoolSeconds: byStage.flat().reduce((sum, { seconds: parts }) => sum + (parts.spool ?? 0), 0) / steps,
  };
}

/** `data_thread` runs beside the others. */
function partsOf(tasks: readonly Task[], steps: number): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { seconds } of tasks) {
    for (const [part, value] of Object.entries(seconds)) {
      if (part !== 'data_thread') sums[part] = (sums[part] ?? 0) + value / steps;
    }
  }
  return sums;
}
