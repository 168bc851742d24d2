import type { TenantEvent } from '../../contract/client/jobs.js';
import type { Handler, OperationRequest } from '../handler.js';
import { acceptsEventStream, EVENT_STREAM_HEADERS, eventStream } from '../http/event-stream.js';

/** A transaction may commit events this long after their times. */
const LATE_MS = 60_000;

export const listEvents: Handler<'listEvents'> = async ({ client, query, headers, closing }) => {
  const filter = { types: query.types, since: sinceOf(query.since, headers['last-event-id']) };
  if (!acceptsEventStream(headers.accept)) {
    return { status: 200, body: await client.jobs.listEvents({ ...filter, limit: query.limit }) };
  }
  const body = eventStream((signal) => client.jobs.followEvents(filter, signal), closing, idOf);
  return { status: 200, headers: EVENT_STREAM_HEADERS, body };
};

type EventQuery = OperationRequest<'listEvents'>['query'];

function sinceOf(since: EventQuery['since'], lastId: string | undefined): Date | null {
  if (lastId !== undefined) return new Date(Number(lastId) - LATE_MS);
  return since === undefined ? null : new Date(since);
}

const idOf = ({ at }: TenantEvent): number => Date.parse(at);
