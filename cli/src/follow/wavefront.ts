import type { components } from '../../../client/src/index.js';
import {
  type Attempt,
  type Bar,
  barsOf,
  type Forecast,
  forecast,
  type Ghost,
  type Lane,
  lanesByStage,
  slotsInUse,
  stageLane,
} from '../../../client/src/timeline/index.js';

type Task = components['schemas']['Task'];

/** Content of a cell of the picture. */
export type Cell = 'empty' | 'ghost' | 'even' | 'odd' | 'other' | 'running' | 'lost';

export interface LaneOfCells {
  readonly name: string;
  readonly stage: number | null;
  readonly cells: readonly Cell[];
}

export interface Wavefront {
  readonly lanes: readonly LaneOfCells[];
  readonly forecast: Forecast | null;
}

export interface WavefrontInput {
  readonly attempts: readonly Attempt[];
  /** Empty once the job has ended. */
  readonly tasks: readonly Task[];
  readonly nowMs: number;
  /** Cells of a lane. */
  readonly width: number;
}

/** The schedule in cells: a lane for each stage, from the first start to the predicted end. */
export function wavefrontOf({ attempts, tasks, nowMs, width }: WavefrontInput): Wavefront {
  const bars = barsOf(attempts, nowMs);
  const slots = slotsInUse(attempts, nowMs);
  const rest = tasks.length > 0 ? forecast(tasks, attempts, { slots, nowMs }) : null;
  const unfinished = tasks.filter(({ state }) => state !== 'succeeded');
  const lanes = lanesByStage(bars, unfinished);
  const start = Math.min(...bars.map((bar) => bar.start));
  const end = Math.max(...bars.map((bar) => bar.end), rest?.end ?? 0, start + 1);
  const scale = { start, perCell: (end - start) / width };
  return {
    forecast: rest,
    lanes: lanes.map((lane) => ({
      name: lane.name,
      stage: lane.stage,
      cells: cellsOf(lane, rest?.ghosts ?? [], scale, width),
    })),
  };
}

interface Scale {
  readonly start: number;
  /** Milliseconds. */
  readonly perCell: number;
}

const IMPORTANCE: readonly Cell[] = ['empty', 'ghost', 'even', 'odd', 'other', 'running', 'lost'];

/** Each cell shows what filled most of its time, but lost work however short. */
function cellsOf(
  lane: Lane,
  ghosts: readonly Ghost[],
  { start, perCell }: Scale,
  width: number,
): readonly Cell[] {
  const cells = new Array<Cell>(width).fill('empty');
  const filled = new Array<number>(width).fill(0);
  const paint = (from: number, to: number, cell: Cell) => {
    const first = Math.min(width - 1, Math.max(0, Math.floor((from - start) / perCell)));
    const last = Math.min(width - 1, Math.max(first, Math.ceil((to - start) / perCell) - 1));
    for (let index = first; index <= last; index++) {
      const begin = start + index * perCell;
      const share = Math.min(to, begin + perCell) - Math.max(from, begin);
      if (cells[index] === 'lost' || (cell !== 'lost' && share < (filled[index] ?? 0))) continue;
      cells[index] = cell;
      filled[index] = share;
    }
  };
  for (const ghost of ghosts)
    if (stageLane(ghost.task).name === lane.name) paint(ghost.start, ghost.end, 'ghost');
  filled.fill(0);
  const ordered = [...lane.bars].sort((a, b) => importance(a) - importance(b));
  for (const bar of ordered) paint(bar.start, bar.end, cellOf(bar));
  return cells;
}

function importance(bar: Bar): number {
  return IMPORTANCE.indexOf(cellOf(bar));
}

function cellOf({ attempt: { outcome, round } }: Bar): Cell {
  if (outcome === 'failed' || outcome === 'lost') return 'lost';
  if (outcome === 'running') return 'running';
  if (round === null) return 'other';
  return round % 2 === 0 ? 'even' : 'odd';
}
