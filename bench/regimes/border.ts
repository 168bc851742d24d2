/** One regime: a limit of memory and a wire, and who needs the least time in it. */
export interface Cell {
  readonly memory: string;
  readonly wire: string;
  readonly winner: string;
  readonly isOurs: boolean;
  /** Time of the best of the other side over the winner's; null where nothing else fits. */
  readonly ahead: number | null;
}

const [WIDTH, HEIGHT, LEFT, TOP] = [230, 64, 150, 40];

/** A table of regimes as SVG: green where Strata needs the least time, gray where a peer does. */
export function drawBorder(cells: readonly Cell[]): string {
  const memories = [...new Set(cells.map(({ memory }) => memory))];
  const wires = [...new Set(cells.map(({ wire }) => wire))];
  const [width, height] = [LEFT + WIDTH * wires.length, TOP + HEIGHT * memories.length];
  const boxes = cells.map(({ memory, wire, winner, isOurs, ahead }) => {
    const [x, y] = [LEFT + WIDTH * wires.indexOf(wire), TOP + HEIGHT * memories.indexOf(memory)];
    const figure = ahead === null ? 'nothing else fits' : `${ahead.toFixed(2)} times as fast`;
    return `<rect x="${x}" y="${y}" width="${WIDTH - 4}" height="${HEIGHT - 4}" fill="${isOurs ? '#1b7f5c' : '#5b6470'}"/>
${text(x + 10, y + 26, winner, '#fff')}
${text(x + 10, y + 46, figure, '#fff')}`;
  });
  const heads = wires.map((wire, index) => text(LEFT + WIDTH * index + 10, 26, wire, '#808080'));
  const sides = memories.map((memory, index) => text(8, TOP + HEIGHT * index + 36, memory, '#808080'));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">
${[...heads, ...sides, ...boxes].join('\n')}
</svg>
`;
}

function text(x: number, y: number, content: string, fill: string): string {
  return `<text x="${x}" y="${y}" fill="${fill}">${content}</text>`;
}
