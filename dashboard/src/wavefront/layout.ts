import { type Bar, type Ghost, type Lane, stageLane } from '../../../client/src/timeline/index.js';

/** Pixels. */
export const LANE_HEIGHT = 22;
export const LABEL_WIDTH = 92;
export const AXIS_HEIGHT = 22;
const BAR_HEIGHT = 16;
const MIN_BAR_WIDTH = 2;

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Scale {
  readonly start: number;
  readonly end: number;
  /** Pixels of the canvas. */
  readonly width: number;
}

export interface Placed {
  readonly bar: Bar;
  readonly stage: number | null;
  readonly box: Box;
}

export interface PlacedGhost {
  readonly ghost: Ghost;
  readonly stage: number | null;
  readonly box: Box;
}

export function xOf(time: number, { start, end, width }: Scale): number {
  const span = Math.max(1, end - start);
  return LABEL_WIDTH + ((time - start) / span) * (width - LABEL_WIDTH - 8);
}

function boxOf(start: number, end: number, row: number, scale: Scale): Box {
  const x = xOf(start, scale);
  const y = AXIS_HEIGHT + row * LANE_HEIGHT + (LANE_HEIGHT - BAR_HEIGHT) / 2;
  return { x, y, width: Math.max(MIN_BAR_WIDTH, xOf(end, scale) - x), height: BAR_HEIGHT };
}

export function placeBars(lanes: readonly Lane[], scale: Scale): Placed[] {
  return lanes.flatMap(({ stage, bars }, row) =>
    bars.map((bar) => ({
      bar,
      stage: stage ?? bar.attempt.stage,
      box: boxOf(bar.start, bar.end, row, scale),
    })),
  );
}

/** Ghosts in the lanes of their stage; in lanes by device they have no place. */
export function placeGhosts(ghosts: readonly Ghost[], lanes: readonly Lane[], scale: Scale): PlacedGhost[] {
  return ghosts.flatMap((ghost) => {
    const { name, stage } = stageLane(ghost.task);
    const row = lanes.findIndex((lane) => lane.name === name);
    return row < 0 ? [] : [{ ghost, stage, box: boxOf(ghost.start, ghost.end, row, scale) }];
  });
}

const STEPS_S = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400,
];
const MIN_TICK_WIDTH = 70;

/** Seconds from the start at which the axis has a mark. */
export function ticks({ start, end, width }: Scale): number[] {
  const seconds = (end - start) / 1000;
  const most = Math.max(1, Math.floor((width - LABEL_WIDTH) / MIN_TICK_WIDTH));
  const step = STEPS_S.find((candidate) => seconds / candidate <= most) ?? STEPS_S.at(-1)!;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step);
}
