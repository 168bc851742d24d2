export interface Panel {
  readonly title: string;
  /** Unit of the horizontal axis. */
  readonly axis: string;
  readonly curves: readonly Curve[];
  /** Whether its vertical axis begins at 0; absent: at the least value. */
  readonly fromZero?: boolean;
}

/** Bars that compare the same figures of several things, from 0. */
export interface BarPanel {
  readonly title: string;
  readonly groups: readonly string[];
  /** One value per group. */
  readonly bars: readonly { readonly label: string; readonly values: readonly number[] }[];
}

export interface Curve {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const WIDTH = 460;
const HEIGHT = 260;
const MARGIN = { left: 56, right: 12, top: 30, bottom: 30 };
const BOTTOM = HEIGHT - MARGIN.bottom;
const COLUMNS = 2;
/** Colors of Okabe and Ito, which color-blind people can distinguish. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#f0e442'];

/** Line height of the legend. */
const LINE = 13;
/** Above the highest bar, where the legend is. */
const HEADROOM = 1.5;
/** Width of a letter of the legend, at most. */
const LETTER = 6.2;
/** Gap between two groups of bars, as a share of the width of a group. */
const GAP = 0.25;

/** An SVG picture of panels side by side, each with its own axes. */
export function drawPanels(panels: readonly (Panel | BarPanel)[]): string {
  const columns = Math.min(COLUMNS, panels.length);
  const width = columns * WIDTH;
  const height = Math.ceil(panels.length / columns) * HEIGHT;
  const drawn = panels.map((panel, index) => {
    const place = `${(index % columns) * WIDTH} ${Math.floor(index / columns) * HEIGHT}`;
    return `<g transform="translate(${place})">\n${'bars' in panel ? drawBars(panel) : drawCurves(panel)}\n</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">
<title>${panels.map(({ title }) => title).join('; ')}</title>
<rect width="100%" height="100%" fill="white"/>
${drawn.join('\n')}
</svg>
`;
}

function drawCurves({ title, axis, curves, fromZero = false }: Panel): string {
  // The legend has a column of its own beside the curves.
  const right = WIDTH - 2 * MARGIN.right - LETTER * Math.max(...curves.map(({ label }) => label.length));
  const all = curves.flatMap(({ points }) => points);
  const values = all.map(([, value]) => value);
  const x = scaleOf(
    all.map(([value]) => value),
    MARGIN.left,
    right,
  );
  const y = scaleOf(fromZero ? [0, ...values] : values, BOTTOM, MARGIN.top);
  const labels = [
    frame(title, y, right),
    ...endsOf(x).map((value) => text(x.place(value), BOTTOM + 16, short(value), 'middle')),
    text((MARGIN.left + right) / 2, BOTTOM + 24, axis, 'middle'),
  ];
  const lines = curves.map(({ label, points }, index) => {
    const colour = colourOf(index);
    const places = points.map((point) => `${round(x.place(point[0]))},${round(y.place(point[1]))}`);
    const line = `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${places.join(' ')}"/>`;
    // A curve with one point would be invisible, so it gets a dot.
    const end = places.at(-1)?.split(',');
    const dot = end ? `<circle cx="${end[0]}" cy="${end[1]}" r="2.5" fill="${colour}"/>` : '';
    return `${line}${dot}${legend(label, index)}`;
  });
  return [...lines, ...labels].join('\n');
}

function drawBars({ title, groups, bars }: BarPanel): string {
  const y = scaleOf(withHeadroom(bars.flatMap(({ values }) => values)), BOTTOM, MARGIN.top);
  const width = (WIDTH - MARGIN.left - MARGIN.right) / groups.length;
  const bar = ((1 - GAP) * width) / bars.length;
  const names = groups.map((name, group) =>
    text(MARGIN.left + (group + 0.5) * width, BOTTOM + 16, name, 'middle'),
  );
  const drawn = bars.flatMap(({ label, values }, index) => [
    legend(label, index),
    ...values.map((value, group) => {
      const left = MARGIN.left + (group + GAP / 2) * width + index * bar;
      const top = y.place(value);
      const size = `width="${round(bar)}" height="${round(BOTTOM - top)}"`;
      const rect = `<rect x="${round(left)}" y="${round(top)}" ${size} fill="${colourOf(index)}"/>`;
      return rect + text(left + bar / 2, top - 4, short(value), 'middle');
    }),
  ]);
  return [frame(title, y), ...names, ...drawn].join('\n');
}

/** Title, axes, and the ends of the vertical one. */
function frame(title: string, y: Scale, right: number = WIDTH - MARGIN.right): string {
  const axes = `M${MARGIN.left} ${MARGIN.top}V${BOTTOM}H${round(right)}`;
  return [
    `<path d="${axes}" fill="none" stroke="#999"/>`,
    text(MARGIN.left, MARGIN.top - 12, title, 'start', 'font-weight="bold"'),
    ...endsOf(y).map((value) => text(MARGIN.left - 6, y.place(value) + 4, short(value), 'end')),
  ].join('\n');
}

function legend(label: string, index: number): string {
  return text(WIDTH - MARGIN.right, MARGIN.top + LINE * index + 4, label, 'end', `fill="${colourOf(index)}"`);
}

const colourOf = (index: number): string => COLOURS[index % COLOURS.length]!;

function withHeadroom(values: readonly number[]): number[] {
  return [0, HEADROOM * values.reduce((a, b) => Math.max(a, b))];
}

type Scale = ReturnType<typeof scaleOf>;

/** The values that an axis is labelled with: one where both ends are the same. */
const endsOf = ({ low, high }: Scale): number[] => (low === high ? [low] : [low, high]);

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
