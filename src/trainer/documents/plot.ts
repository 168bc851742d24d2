export interface Panel {
  readonly title: string;
  /** What its horizontal axis counts. */
  readonly axis: string;
  readonly curves: readonly Curve[];
}

export interface Curve {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const WIDTH = 460;
const HEIGHT = 260;
const MARGIN = { left: 56, right: 12, top: 30, bottom: 30 };
const COLUMNS = 2;
/** Of Okabe and Ito: told apart by everybody. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#f0e442'];

/** A picture (SVG) of panels side by side, each with axes of its own. */
export function drawPanels(panels: readonly Panel[]): string {
  const columns = Math.min(COLUMNS, panels.length);
  const width = columns * WIDTH;
  const height = Math.ceil(panels.length / columns) * HEIGHT;
  const drawn = panels.map((panel, index) => {
    const place = `${(index % columns) * WIDTH} ${Math.floor(index / columns) * HEIGHT}`;
    return `<g transform="translate(${place})">\n${drawPanel(panel)}\n</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">
<title>${panels.map(({ title }) => title).join('; ')}</title>
<rect width="100%" height="100%" fill="white"/>
${drawn.join('\n')}
</svg>
`;
}

function drawPanel({ title, axis, curves }: Panel): string {
  const all = curves.flatMap(({ points }) => points);
  const x = scaleOf(
    all.map(([value]) => value),
    MARGIN.left,
    WIDTH - MARGIN.right,
  );
  const y = scaleOf(
    all.map(([, value]) => value),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  );
  const bottom = HEIGHT - MARGIN.bottom;
  const axes = `M${MARGIN.left} ${MARGIN.top}V${bottom}H${WIDTH - MARGIN.right}`;
  const labels = [
    text(MARGIN.left, MARGIN.top - 12, title, 'start', 'font-weight="bold"'),
    ...[y.low, y.high].map((value) => text(MARGIN.left - 6, y.place(value) + 4, short(value), 'end')),
    ...[x.low, x.high].map((value) => text(x.place(value), bottom + 16, short(value), 'middle')),
    text((MARGIN.left + WIDTH - MARGIN.right) / 2, bottom + 24, axis, 'middle'),
  ];
  const lines = curves.map(({ label, points }, index) => {
    const colour = COLOURS[index % COLOURS.length]!;
    const places = points.map((point) => `${round(x.place(point[0]))},${round(y.place(point[1]))}`);
    const line = `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${places.join(' ')}"/>`;
    // A curve of one point is a line of no length.
    const end = places.at(-1)?.split(',');
    const dot = end ? `<circle cx="${end[0]}" cy="${end[1]}" r="2.5" fill="${colour}"/>` : '';
    const legend = text(WIDTH - MARGIN.right, MARGIN.top + 13 * index + 4, label, 'end', `fill="${colour}"`);
    return `${line}${dot}${legend}`;
  });
  return [`<path d="${axes}" fill="none" stroke="#999"/>`, ...lines, ...labels].join('\n');
}

/** From values to places between `start` and `end`. */
function scaleOf(values: readonly number[], start: number, end: number) {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const span = high - low || 1;
  return { low, high, place: (value: number) => start + ((value - low) / span) * (end - start) };
}

function text(x: number, y: number, content: string, anchor: string, more = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" ${more}>${content}</text>`;
}

const short = (value: number): string => String(Number(value.toPrecision(3)));
const round = (value: number): number => Number(value.toFixed(1));
