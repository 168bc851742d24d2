import {
  type KeyboardEvent,
  type PointerEvent,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import {
  type Attempt,
  barsOf,
  type Ghost,
  lanesByDevice,
  lanesByStage,
} from '../../../client/src/timeline/index.js';
import { clock, duration } from '../format.js';
import { Scroll } from '../parts/scroll.js';
import { useTheme } from '../parts/theme.js';
import { draw } from './draw.js';
import { AXIS_HEIGHT, LANE_HEIGHT, placeBars, placeGhosts } from './layout.js';

interface Props {
  readonly attempts: readonly Attempt[];
  readonly ghosts: readonly Ghost[];
  readonly by: 'stage' | 'device';
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly isRunning: boolean;
  /** Called with the attempt that the reader chose. */
  readonly onChoose: (attempt: Attempt | null) => void;
}

const MIN_WIDTH = 600;

/** The schedule of a job on a canvas: lanes, attempts, and dashed boxes for what is still to come. */
export function Wavefront({ attempts, ghosts, by, now, isRunning, onChoose }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(canvas);
  const [chosen, setChosen] = useState(-1);
  const drawing = useMemo(() => {
    const bars = barsOf(attempts, now);
    const shown = by === 'stage' ? ghosts : [];
    const lanes =
      by === 'stage'
        ? lanesByStage(
            bars,
            shown.map(({ task }) => task),
          )
        : lanesByDevice(bars);
    const start = Math.min(...bars.map((bar) => bar.start));
    const end = Math.max(...bars.map((bar) => bar.end), ...shown.map((ghost) => ghost.end));
    const scale = { start, end, width: Math.max(MIN_WIDTH, width) };
    return { lanes, bars: placeBars(lanes, scale), ghosts: placeGhosts(shown, lanes, scale), scale };
  }, [attempts, ghosts, by, now, width]);

  const height = AXIS_HEIGHT + drawing.lanes.length * LANE_HEIGHT;
  useTheme();
  // Before the browser paints: a canvas of the old size would be stretched to the new one.
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || !canvas.current) return;
    const ratio = window.devicePixelRatio;
    canvas.current.width = drawing.scale.width * ratio;
    canvas.current.height = height * ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw(context, { ...drawing, chosen, now: isRunning ? now : null });
  });

  const choose = (index: number) => {
    setChosen(index);
    onChoose(drawing.bars[index]?.bar.attempt ?? null);
  };
  const point = ({ nativeEvent: { offsetX: x, offsetY: y } }: PointerEvent) =>
    choose(
      drawing.bars.findIndex(
        ({ box }) => x >= box.x - 1 && x <= box.x + box.width + 1 && y >= box.y && y <= box.y + box.height,
      ),
    );
  const press = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    choose((chosen + step + drawing.bars.length) % drawing.bars.length);
  };
  return (
    <Scroll label="Schedule; arrow keys step through attempts" onKeyDown={press}>
      <canvas
        ref={canvas}
        className="wavefront"
        style={{ width: drawing.scale.width, height }}
        onPointerDown={point}
        role="img"
        aria-label={summary(attempts)}
      />
    </Scroll>
  );
}

function summary(attempts: readonly Attempt[]): string {
  const lost = attempts.filter(({ outcome }) => outcome === 'lost' || outcome === 'failed').length;
  return `${attempts.length} attempts at tasks, ${lost} of them lost or failed`;
}

/** One attempt in words. */
export function AttemptDetails({ attempt, now }: { readonly attempt: Attempt; readonly now: number }) {
  const { task, outcome, started_at: start, ended_at: end, devices, error } = attempt;
  const seconds = ((end === null ? now : Date.parse(end)) - Date.parse(start)) / 1000;
  return (
    <p className="note" role="status">
      <strong>{task}</strong>, attempt {attempt.attempt} on {devices.join(', ') || 'an unknown device'}:{' '}
      {outcome}
      {attempt.checkpoint_step !== null && `, resumed at step ${attempt.checkpoint_step}`}, {clock(start)},{' '}
      {duration(seconds)}
      {error && `. ${error.code}: ${error.message}`}
    </p>
  );
}

function useWidth(canvas: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(MIN_WIDTH);
  useEffect(() => {
    const box = canvas.current?.parentElement;
    if (!box) return;
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.floor(entry?.contentRect.width ?? MIN_WIDTH)),
    );
    observer.observe(box);
    return () => observer.disconnect();
  }, [canvas]);
  return width;
}
