import type { Lane } from '../../../client/src/timeline/index.js';
import { duration } from '../format.js';
import { colorName, colorOf } from './colors.js';
import {
  AXIS_HEIGHT,
  LABEL_WIDTH,
  LANE_HEIGHT,
  type Placed,
  type PlacedGhost,
  type Scale,
  ticks,
  xOf,
} from './layout.js';

export interface Drawing {
  readonly lanes: readonly Lane[];
  readonly bars: readonly Placed[];
  readonly ghosts: readonly PlacedGhost[];
  readonly scale: Scale;
  /** Index in `bars` of the chosen one; -1: none. */
  readonly chosen: number;
  /** Now, while the job runs; null afterwards. */
  readonly now: number | null;
}

const MIN_TEXT_WIDTH = 16;

/** Draws the whole schedule in one pass. */
export function draw(context: CanvasRenderingContext2D, drawing: Drawing): void {
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.font = '12px system-ui, sans-serif';
  context.textBaseline = 'middle';
  drawAxis(context, drawing);
  drawLabels(context, drawing.lanes);
  for (const ghost of drawing.ghosts) drawGhost(context, ghost);
  for (const [index, placed] of drawing.bars.entries()) drawBar(context, placed, index === drawing.chosen);
}

function drawAxis(context: CanvasRenderingContext2D, { scale, lanes, now }: Drawing): void {
  const bottom = AXIS_HEIGHT + lanes.length * LANE_HEIGHT;
  const line = (x: number, color: string) => {
    context.strokeStyle = color;
    context.beginPath();
    context.moveTo(Math.round(x) + 0.5, AXIS_HEIGHT);
    context.lineTo(Math.round(x) + 0.5, bottom);
    context.stroke();
  };
  context.fillStyle = colorOf('--quiet');
  for (const second of ticks(scale)) {
    const x = xOf(scale.start + 1000 * second, scale);
    line(x, colorOf('--line'));
    context.fillText(duration(second), x + 2, AXIS_HEIGHT / 2);
  }
  if (now !== null) line(xOf(now, scale), colorOf('--accent'));
}

function drawLabels(context: CanvasRenderingContext2D, lanes: readonly Lane[]): void {
  context.fillStyle = colorOf('--text');
  lanes.forEach(({ name }, row) => {
    context.fillText(name, 0, AXIS_HEIGHT + (row + 0.5) * LANE_HEIGHT, LABEL_WIDTH - 6);
  });
}

const LOST = ['failed', 'lost', 'cancelled'];

function drawBar(context: CanvasRenderingContext2D, { bar, stage, box }: Placed, isChosen: boolean): void {
  const { attempt } = bar;
  const isLost = LOST.includes(attempt.outcome);
  context.fillStyle = colorOf(isLost ? '--bad' : colorName(stage));
  context.globalAlpha = attempt.outcome === 'running' ? 0.75 : 1;
  context.fillRect(box.x, box.y, box.width, box.height);
  context.globalAlpha = 1;
  if (isLost) hatch(context, box);
  if (isChosen) {
    context.strokeStyle = colorOf('--text');
    context.lineWidth = 2;
    context.strokeRect(box.x - 1, box.y - 1, box.width + 2, box.height + 2);
    context.lineWidth = 1;
  }
  if (attempt.round === null || box.width < MIN_TEXT_WIDTH || isLost) return;
  context.fillStyle = '#fff';
  const again = attempt.attempt > 1 ? `·${attempt.attempt}` : '';
  context.fillText(`${attempt.round}${again}`, box.x + 4, box.y + box.height / 2, box.width - 6);
}

/** Work that was lost is told apart by more than its color. */
function hatch(context: CanvasRenderingContext2D, { x, y, width, height }: Placed['box']): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = colorOf('--surface');
  for (let at = x - height; at < x + width; at += 5) {
    context.beginPath();
    context.moveTo(at, y + height);
    context.lineTo(at + height, y);
    context.stroke();
  }
  context.restore();
}

function drawGhost(context: CanvasRenderingContext2D, { stage, box }: PlacedGhost): void {
  context.strokeStyle = colorOf(colorName(stage));
  context.globalAlpha = 0.55;
  context.setLineDash([3, 2]);
  context.strokeRect(box.x + 0.5, box.y + 0.5, Math.max(1, box.width - 1), box.height - 1);
  context.setLineDash([]);
  context.globalAlpha = 1;
}
