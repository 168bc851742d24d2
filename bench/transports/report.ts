import type { Figures } from './figures.js';
import { WAY_NAMES, WAYS, type WayName } from './ways/index.js';

/** A transport on a wire, with messages of a size. */
export interface Row extends Figures {
  readonly way: WayName;
  /** Null: the wire without delay or limit. */
  readonly roundTripMs: number | null;
  readonly megabytes: number;
}

const NAME_WIDTH = 37;
const CELL_WIDTH = 29;
const RATE_WIDTH = 15;

/** A table for each wire, and one of what a gigabyte costs. */
export function linesOf(rows: readonly Row[]): string[] {
  const wires = [...new Set(rows.map(({ roundTripMs }) => roundTripMs))];
  return [
    ...wires.flatMap((wire) => wireLines(rows.filter((row) => row.roundTripMs === wire))),
    ...costLines(rows),
  ];
}

function wireLines(rows: readonly Row[]): string[] {
  const wire = rows[0]?.roundTripMs ?? null;
  const title = wire === null ? 'no delay, no limit' : `round trip ${wire} ms`;
  return [
    `${title}: MB/s (slowest .. fastest turn), ms of one message (95th percentile)`,
    ...tableOf(rows, ({ mbPerSecond: { median, slowest, fastest }, latencyMs }) => {
      const rate = `${median.toFixed(0)} (${slowest.toFixed(0)}..${fastest.toFixed(0)})`;
      const latency = `${digits(latencyMs.median)} (${digits(latencyMs.p95)})`;
      return `${rate.padStart(RATE_WIDTH)} ${latency}`;
    }),
    '',
  ];
}

/** On the wire without delay: processor time does not depend on how long one waits. */
function costLines(rows: readonly Row[]): string[] {
  return [
    'no delay, no limit: processor seconds per GB of both processes (of these, their main threads)',
    ...tableOf(
      rows.filter(({ roundTripMs }) => roundTripMs === null),
      ({ cpuSecondsPerGb, mainThreadSecondsPerGb }) =>
        `${cpuSecondsPerGb.toFixed(1)} (${mainThreadSecondsPerGb.toFixed(1)})`.padStart(RATE_WIDTH),
    ),
  ];
}

function tableOf(rows: readonly Row[], cell: (row: Row) => string): string[] {
  const sizes = [...new Set(rows.map(({ megabytes }) => megabytes))];
  const line = (name: string, cells: readonly string[]) =>
    `${name.padEnd(NAME_WIDTH)}${cells.map((text) => text.padEnd(CELL_WIDTH)).join('')}`.trimEnd();
  return [
    line(
      '',
      sizes.map((size) => `${size} MB`.padStart(RATE_WIDTH)),
    ),
    ...WAY_NAMES.map((way) => {
      const { title, encrypted } = WAYS[way];
      const cells = sizes.map((size) => {
        const row = rows.find((each) => each.way === way && each.megabytes === size);
        return row ? cell(row) : '';
      });
      return line(encrypted ? title : `${title} (in clear)`, cells);
    }),
  ];
}

const digits = (ms: number): string => ms.toFixed(ms < 100 ? 1 : 0);
