import type { Regime } from './regime.js';

/** The regimes of a network. */
export interface Border {
  readonly title: string;
  readonly regimes: readonly Regime[];
}

const [WIDTH, HEIGHT, LEFT, HEAD] = [290, 56, 150, 50];
/** Width of a letter, at most. */
const LETTER = 7;
const OURS = '#1b7f5c';
const THEIRS = '#5b6470';
const NOBODY = '#b8bec6';
const PALE = '#808080';

/** A table for each network as SVG: green where Strata needs the least time, gray where PyTorch does. */
export function drawBorders(borders: readonly Border[]): string {
  const tables = borders.map(({ title, regimes }) => ({ title, regimes, rows: memoriesOf(regimes).length }));
  const height = tables.reduce((sum, { rows }) => sum + HEAD + HEIGHT * rows, 0);
  const width = LEFT + WIDTH * Math.max(...borders.map(({ regimes }) => wiresOf(regimes).length));
  let top = 0;
  const drawn = tables.map(({ title, regimes, rows }) => {
    const table = `<g transform="translate(0 ${top})">\n${drawTable(title, regimes)}\n</g>`;
    top += HEAD + HEIGHT * rows;
    return table;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<title>the way to train with the least time for each memory and wire</title>
<rect width="100%" height="100%" fill="white"/>
${drawn.join('\n')}
</svg>
`;
}

const wiresOf = (regimes: readonly Regime[]) => [...new Set(regimes.map(({ wire }) => wire))];
const memoriesOf = (regimes: readonly Regime[]) => [...new Set(regimes.map(({ memoryMb }) => memoryMb))];

function drawTable(title: string, regimes: readonly Regime[]): string {
  const [wires, memories] = [wiresOf(regimes), memoriesOf(regimes)];
  const boxes = regimes.map((regime) => {
    const x = LEFT + WIDTH * wires.indexOf(regime.wire);
    const y = HEAD + HEIGHT * memories.indexOf(regime.memoryMb);
    const [first] = regime.rows;
    const fill = first === undefined ? NOBODY : first.isOurs ? OURS : THEIRS;
    return `<rect x="${x}" y="${y}" width="${WIDTH - 4}" height="${HEIGHT - 4}" fill="${fill}"/>
${text(x + 8, y + 22, clipped(first?.name ?? 'nothing fits'), '#fff')}
${text(x + 8, y + 40, aheadOf(regime), '#fff')}`;
  });
  const heads = wires.map((wire, index) => text(LEFT + WIDTH * index + 8, 42, wire, PALE));
  const sides = memories.map((memory, index) => text(8, HEAD + HEIGHT * index + 32, limitOf(memory), PALE));
  return [text(8, 18, title, '#000'), ...heads, ...sides, ...boxes].join('\n');
}

/** By how much the quickest is ahead of the other side's quickest. */
function aheadOf({ rows }: Regime): string {
  const [first] = rows;
  if (first === undefined) return '';
  const other = rows.find(({ isOurs }) => isOurs !== first.isOurs);
  const side = first.isOurs ? 'PyTorch' : 'Strata';
  if (other === undefined) return `nothing of ${side} fits`;
  return `${(other.epochSeconds / first.epochSeconds).toFixed(2)} times as fast as ${side}`;
}

export const limitOf = (memoryMb: number | null): string =>
  memoryMb === null ? 'no limit' : `${memoryMb} MB a device`;

const clipped = (name: string): string => {
  const most = Math.floor(WIDTH / LETTER);
  return name.length > most ? `${name.slice(0, most - 1)}…` : name;
};

function text(x: number, y: number, content: string, fill: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text x="${x}" y="${y}" fill="${fill}">${escaped}</text>`;
}
