import { type Bar, slotsOf } from './bars.js';

/** Use of the slots, from the first start to the last end. */
export interface TimelineFigures {
  readonly wallSeconds: number;
  /** Time of slots at work, over all attempts. */
  readonly deviceSeconds: number;
  /** Mean number of slots at work. */
  readonly meanAtWork: number;
  /** Maximum number of slots at work at the same time. */
  readonly maxAtWork: number;
  /** Share of the time of `maxAtWork` slots in which a slot had nothing to do, 0 to 1. */
  readonly idleShare: number;
  /** Idle time of these slots by cause, in seconds; the causes add up to the idle time. */
  readonly idleSeconds: Readonly<Record<IdleCause, number>>;
  /** Time of attempts whose work was lost. */
  readonly lostSeconds: number;
}

/**
 * - `whole_network`: a task of the whole network ran (prepare, evaluate, finalize, end to end), which fewer devices share
 * - `messages`: stages waited for the messages of others
 * - `nothing_running`: no task of the job ran: a pause, other jobs' turns, or a worker that was away
 */
export type IdleCause = 'whole_network' | 'messages' | 'nothing_running';

const LOST = ['failed', 'lost'];

export function figuresOf(bars: readonly Bar[]): TimelineFigures | null {
  if (bars.length === 0) return null;
  const spans = spansOf(bars);
  const maxAtWork = Math.max(...spans.map(slotsAtWork));
  const seconds = (part: readonly Span[], of: (span: Span) => number) =>
    part.reduce((sum, span) => sum + ((span.end - span.start) / 1000) * of(span), 0);
  const wallSeconds = seconds(spans, () => 1);
  const deviceSeconds = seconds(spans, slotsAtWork);
  const idleOf = (cause: IdleCause) =>
    seconds(
      spans.filter(({ running }) => causeOf(running) === cause),
      (span) => maxAtWork - slotsAtWork(span),
    );
  const idle = maxAtWork * wallSeconds - deviceSeconds;
  return {
    wallSeconds,
    deviceSeconds,
    meanAtWork: wallSeconds > 0 ? deviceSeconds / wallSeconds : 0,
    maxAtWork,
    idleShare: wallSeconds > 0 ? idle / (maxAtWork * wallSeconds) : 0,
    idleSeconds: {
      whole_network: idleOf('whole_network'),
      messages: idleOf('messages'),
      nothing_running: idleOf('nothing_running'),
    },
    lostSeconds: bars
      .filter(({ attempt }) => LOST.includes(attempt.outcome))
      .reduce((sum, { start, end, attempt }) => sum + (slotsOf(attempt) * (end - start)) / 1000, 0),
  };
}

/** A time in which the same attempts run. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly running: readonly Bar[];
}

function slotsAtWork({ running }: Span): number {
  return running.reduce((sum, { attempt }) => sum + slotsOf(attempt), 0);
}

/** The time from the first start to the last end, cut at every start and end: one pass over both, in order. */
function spansOf(bars: readonly Bar[]): Span[] {
  const changes = bars.flatMap((bar) => [
    { at: bar.start, bar, begins: true },
    { at: bar.end, bar, begins: false },
  ]);
  changes.sort((a, b) => a.at - b.at);
  const running = new Set<Bar>();
  const spans: Span[] = [];
  for (const [index, { at, bar, begins }] of changes.entries()) {
    if (begins) running.add(bar);
    else running.delete(bar);
    const end = changes[index + 1]?.at ?? at;
    if (end > at) spans.push({ start: at, end, running: [...running] });
  }
  return spans;
}

function causeOf(running: readonly Bar[]): IdleCause {
  if (running.length === 0) return 'nothing_running';
  return running.some(({ attempt }) => attempt.kind === 'stage') ? 'messages' : 'whole_network';
}
