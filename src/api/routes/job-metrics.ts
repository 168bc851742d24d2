import type { MetricPoint } from '../../contract/client/jobs.js';
import { StrataError } from '../../contract/errors.js';
import type { components } from '../../contract/generated/openapi.js';
import type { Handler } from '../handler.js';
import { acceptsByName } from '../http/event-stream.js';
import { LINE_TYPES, metricLines } from '../http/metric-lines.js';

export const listJobMetrics: Handler<'listJobMetrics'> = async ({
  client,
  params: { id },
  query,
  headers,
}) => {
  const type = LINE_TYPES.find((name) => acceptsByName(headers.accept, name)) ?? null;
  const filter = { names: query.name, stage: query.stage };
  if (query.raw) {
    if (type === null) throw needsLines();
    const lines = metricLines(await client.jobs.streamJobMetrics(id, filter), type);
    return { status: 200, headers: { 'content-type': type }, body: lines };
  }
  const list = await client.jobs.listJobMetrics(id, { ...filter, points: query.points });
  if (type === null) return { status: 200, body: list };
  return {
    status: 200,
    headers: { 'content-type': type },
    body: metricLines(list.data.flatMap(pointsOf), type),
  };
};

/** A job may have millions of points, too many for one JSON document. */
function needsLines(): StrataError {
  return new StrataError('not_acceptable', `With raw=true, use ${LINE_TYPES.join(' or ')}.`);
}

function pointsOf({ points, ...series }: components['schemas']['MetricSeries']): MetricPoint[] {
  const { name, stage, unit, attempt } = series;
  return points.map((point) => {
    const [step, value, at] = point as [number, number, string];
    return { name, stage, unit, step, value, attempt, at };
  });
}
