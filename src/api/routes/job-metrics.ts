import type { MetricPoint } from '../../contract/client/jobs.js';
import { StrataError } from '../../contract/errors.js';
import type { components } from '../../contract/generated/openapi.js';
import type { Handler, OperationRequest } from '../handler.js';
import { acceptsByName } from '../http/event-stream.js';
import { LINE_TYPES, metricLines } from '../http/metric-lines.js';
import { refusedQuery } from '../http/query-errors.js';

type MetricQuery = OperationRequest<'listJobMetrics'>['query'];

export const listJobMetrics: Handler<'listJobMetrics'> = async ({
  client,
  params: { id },
  query,
  headers,
}) => {
  const type = LINE_TYPES.find((name) => acceptsByName(headers.accept, name)) ?? null;
  const filter = filterOf(query);
  if (query.raw) {
    if (type === null) throw needsLines();
    if (query.since) throw refusedQuery('since', 'With raw=true, leave `since` out.');
    const lines = metricLines(await client.jobs.streamJobMetrics(id, filter), type);
    return { status: 200, headers: { 'content-type': type }, body: lines };
  }
  const since = query.since === undefined ? {} : { since: new Date(query.since) };
  const list = await client.jobs.listJobMetrics(id, { ...filter, ...since, points: query.points });
  if (type === null) return { status: 200, body: list };
  return {
    status: 200,
    headers: { 'content-type': type },
    body: metricLines(list.data.flatMap(pointsOf), type),
  };
};

function filterOf({ name, stage, from_step, to_step, after_step }: MetricQuery) {
  if (from_step !== undefined && after_step !== undefined) {
    throw refusedQuery('after_step', 'Send either `from_step` or `after_step`, not both.');
  }
  return {
    names: name,
    stage,
    fromStep: after_step === undefined ? from_step : after_step + 1,
    toStep: to_step,
  };
}

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
