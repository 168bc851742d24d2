import { Readable } from 'node:stream';
import type { MetricPoint } from '../../contract/client/jobs.js';

/** Media types with one point per line. */
export const LINE_TYPES = ['text/csv', 'application/x-ndjson'] as const;
export type LineType = (typeof LINE_TYPES)[number];

const COLUMNS = ['name', 'stage', 'unit', 'step', 'value', 'attempt', 'at'] as const;
const POINTS_A_CHUNK = 500;

/** A body with one point per line, in chunks of some hundred lines. */
export function metricLines(
  points: AsyncIterable<MetricPoint> | Iterable<MetricPoint>,
  type: LineType,
): Readable {
  return Readable.from(type === 'text/csv' ? chunks(points, csvLine, head()) : chunks(points, jsonLine, ''));
}

async function* chunks(
  points: AsyncIterable<MetricPoint> | Iterable<MetricPoint>,
  line: (point: MetricPoint) => string,
  first: string,
): AsyncGenerator<string> {
  let text = first;
  let count = 0;
  for await (const point of points) {
    text += line(point);
    count += 1;
    if (count % POINTS_A_CHUNK !== 0) continue;
    yield text;
    text = '';
  }
  // An empty chunk would end the stream of strings early.
  if (text !== '') yield text;
}

/** RFC 4180 asks for CRLF. */
const head = (): string => `${COLUMNS.join(',')}\r\n`;
const csvLine = (point: MetricPoint): string => `${COLUMNS.map((name) => cell(point[name])).join(',')}\r\n`;
const jsonLine = (point: MetricPoint): string => `${JSON.stringify(point)}\n`;

function cell(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
