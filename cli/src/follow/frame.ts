import type { Event, Job } from '../../../client/src/index.js';
import { clock, duration, percent, plain } from '../format.js';
import type { Style } from '../output.js';
import type { Cell, LaneOfCells, Wavefront } from './wavefront.js';

export interface FrameInput {
  readonly job: Job;
  readonly wavefront: Wavefront | null;
  /** The newest accuracy that was measured; null before the first. */
  readonly accuracy: number | null;
  /** The newest events, the newest last. */
  readonly events: readonly Event[];
  /** Why the picture is old, while the server does not answer. */
  readonly away: string | null;
  readonly nowMs: number;
  readonly columns: number;
  readonly rows: number;
  readonly paint: (style: Style, text: string) => string;
}

export const LABEL = 14;
/** Lines besides the lanes, the newest events not counted. */
const FIXED = 5;

/** The lines of the picture; none is wider than the terminal. */
export function frameOf(input: FrameInput): string[] {
  const { wavefront, events, rows, paint } = input;
  const told = events.slice(-3);
  const room = Math.max(1, rows - FIXED - told.length);
  const lanes = wavefront?.lanes ?? [];
  const shown = lanes.length > room ? lanes.slice(0, room - 1) : lanes;
  return [
    headLine(input),
    ...shown.map((lane) => laneLine(lane, paint)),
    ...(shown.length < lanes.length ? [paint('dim', `… and ${lanes.length - shown.length} lanes more`)] : []),
    ...(lanes.length > 0 ? [legend(input)] : [waiting(input)]),
    ...told.map((event) => eventLine(event, input)),
    ...(input.away === null ? [] : [paint('yellow', input.away.slice(0, input.columns - 1))]),
  ];
}

function headLine({ job, wavefront, accuracy, nowMs, columns, paint }: FrameInput): string {
  const end = job.finished_at === null ? predictedEnd(job, wavefront) : null;
  const parts = [
    job.state,
    percent(job.progress, 0),
    ...(end === null ? [] : [`ends about ${clock(end)}, in ${duration(Math.max(0, end - nowMs) / 1000)}`]),
    ...(accuracy === null ? [] : [`accuracy ${percent(accuracy)}`]),
  ];
  const text = parts.join('   ');
  const width = Math.max(0, Math.min(30, columns - text.length - 4));
  const full = Math.round(width * job.progress);
  const bar =
    width < 5 ? '' : `${paint('green', '━'.repeat(full))}${paint('dim', '─'.repeat(width - full))}  `;
  return bar + text.slice(0, columns - 1);
}

/** As the dashboard computes it; the server's own before a task of each kind has ended. */
function predictedEnd({ estimated_finish: estimated }: Job, wavefront: Wavefront | null): number | null {
  return wavefront?.forecast?.end ?? (estimated === null ? null : Date.parse(estimated));
}

const CHARACTERS: Readonly<Record<Cell, string>> = {
  empty: ' ',
  ghost: '░',
  even: '█',
  odd: '▓',
  other: '█',
  running: '▒',
  lost: 'x',
};
const COLORS = ['blue', 'yellow', 'green', 'magenta', 'cyan', 'red'] as const;

/** Cells of one kind that follow each other are painted together. */
function laneLine({ name, stage, cells }: LaneOfCells, paint: FrameInput['paint']): string {
  const color = stage === null ? 'white' : (COLORS[stage % COLORS.length] ?? 'white');
  const styleOf = (cell: Cell): Style => (cell === 'lost' ? 'red' : cell === 'ghost' ? 'dim' : color);
  let line = '';
  for (let from = 0; from < cells.length; ) {
    const cell = cells[from] ?? 'empty';
    let to = from;
    while (cells[to] === cell) to += 1;
    const text = CHARACTERS[cell].repeat(to - from);
    line += cell === 'empty' ? text : paint(styleOf(cell), text);
    from = to;
  }
  return `${name.padEnd(LABEL - 1).slice(0, LABEL - 1)} ${line}`.trimEnd();
}

function legend({ columns, paint }: FrameInput): string {
  const text = `${' '.repeat(LABEL)}█▓ rounds   ▒ running   x lost   ░ still to come`;
  return paint('dim', text.slice(0, columns - 1));
}

function waiting({ job, columns }: FrameInput): string {
  const { queue } = job;
  const text = queue
    ? `Place ${queue.position} in the queue: ${queue.reason}`
    : (job.state_reason ?? 'No task has started yet.');
  return plain(text).slice(0, columns - 1);
}

function eventLine({ at, level, message }: Event, { columns, paint }: FrameInput): string {
  const text = `${clock(at)}  ${plain(message)}`.replaceAll('\n', ' ').slice(0, columns - 1);
  if (level === 'error') return paint('red', text);
  return paint(level === 'warning' ? 'yellow' : 'dim', text);
}
