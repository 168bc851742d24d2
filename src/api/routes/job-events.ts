import { isTerminal } from '../../contract/states.js';
import type { Handler, OperationRequest } from '../handler.js';
import { acceptsEventStream, EVENT_STREAM_HEADERS, eventStream } from '../http/event-stream.js';
import { found } from '../http/found.js';

export const listJobEvents: Handler<'listJobEvents'> = async (request) => {
  if (acceptsEventStream(request.headers.accept)) return streamEvents(request);
  const { client, params, query } = request;
  const page = await client.jobs.listJobEvents(params.id, { after: query.after, limit: query.limit });
  return { status: 200, body: page };
};

async function streamEvents({
  client,
  closing,
  params: { id },
  query,
  headers,
}: OperationRequest<'listJobEvents'>) {
  const after = Number(headers['last-event-id'] ?? query.after);
  // The state is read first: a job seen as finished has stored its last event.
  const state = found(await client.jobs.getJobState(id), 'job', id);
  if (isTerminal('job', state)) {
    const { data } = await client.jobs.listJobEvents(id, { after, limit: 1 });
    // By the EventSource standard, a client reconnects until it gets 204.
    if (data.length === 0) return { status: 204 } as const;
  }
  const body = eventStream((signal) => client.jobs.followJobEvents(id, after, signal), closing);
  return { status: 200, headers: EVENT_STREAM_HEADERS, body } as const;
}
