import type { Attributes, Span, Tracing } from '../../../tracing/tracing.js';
import type { Claim } from '../../lifecycle/claim.js';

export interface TaskTrace {
  /**
   * @param seconds of a success, by part
   * @param error of any other outcome
   */
  ended(outcome: string, seconds: Readonly<Record<string, number>>, error?: string): void;
}

/** This part runs in parallel to the training loop; the other parts add up (docs/method.md, "Seconds by part"). */
const BESIDE = 'data_thread';

/**
 * Traces an attempt: one span for its time in the queue, one for its work, and under that one for each part of the
 * trainer's time. A part is spread over the whole task. Its span shows only its total duration, and the spans
 * follow one another in the order of first use.
 * @param nowMs Unix time in milliseconds
 */
export function traceTask(
  tracing: Tracing,
  { task, assignment, traceparent }: Claim,
  claimer: { readonly workerId: string; readonly device: string },
  nowMs: () => number,
): TaskTrace {
  const startMs = nowMs();
  const attributes: Attributes = {
    'strata.job_id': task.jobId,
    'strata.task': task.key,
    'strata.attempt': task.attempt,
    ...(task.stage !== null && { 'strata.stage': task.stage }),
    ...(task.round !== null && { 'strata.round': task.round }),
    ...(task.replica !== null && { 'strata.replica': task.replica }),
    'strata.worker_id': claimer.workerId,
    'strata.device': claimer.device,
  };
  const readyMs = Math.min(task.readyAt.getTime(), startMs);
  const common = { parent: traceparent, attributes };
  tracing.start({ ...common, name: 'queue', kind: 'internal', startMs: readyMs }).end({ atMs: startMs });
  const span = tracing.start({ ...common, name: `task ${assignment.kind}`, kind: 'consumer', startMs });
  return {
    ended(outcome, seconds, error) {
      traceParts(tracing, span, startMs, seconds);
      const end = { attributes: { 'strata.outcome': outcome }, ...(error !== undefined && { error }) };
      span.end({ ...end, atMs: nowMs() });
    },
  };
}

function traceParts(
  tracing: Tracing,
  { traceparent }: Span,
  startMs: number,
  seconds: Readonly<Record<string, number>>,
): void {
  let at = startMs;
  for (const [part, spent] of Object.entries(seconds)) {
    const start = part === BESIDE ? startMs : at;
    const end = start + spent * 1000;
    tracing.start({ name: part, kind: 'internal', parent: traceparent, startMs: start }).end({ atMs: end });
    if (part !== BESIDE) at = end;
  }
}
