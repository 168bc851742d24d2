import type { LogFilter, LogLine } from '../../contract/client/jobs.js';
import { StrataError } from '../../contract/errors.js';
import { isTerminal } from '../../contract/states.js';
import type { Handler, OperationRequest } from '../handler.js';
import {
  acceptsByName,
  acceptsEventStream,
  EVENT_STREAM_HEADERS,
  eventStream,
  liveStream,
} from '../http/event-stream.js';
import { found } from '../http/found.js';

type LogRequest = OperationRequest<'listJobLogs'>;

export const listJobLogs: Handler<'listJobLogs'> = async (request) => {
  const { client, params, query, headers } = request;
  if (acceptsEventStream(headers.accept)) return streamLines(request);
  if (acceptsByName(headers.accept, 'text/plain') || (query.follow && !asksForJson(request))) {
    return answerText(request);
  }
  if (query.follow) {
    const message =
      'application/json cannot be streamed. Ask for `text/plain` or `text/event-stream` in Accept, or leave Accept out';
    throw new StrataError('invalid_request', undefined, {
      errors: [{ in: 'query', pointer: '/follow', message }],
    });
  }
  const page = await client.jobs.listJobLogs(params.id, {
    after: query.after,
    task: query.task,
    limit: query.limit,
  });
  return { status: 200, body: page };
};

function asksForJson({ headers }: LogRequest): boolean {
  return acceptsByName(headers.accept, 'application/json');
}

async function streamLines({ client, closing, params: { id }, query, headers }: LogRequest) {
  const filter = { after: Number(headers['last-event-id'] ?? query.after), task: query.task };
  // The state is read first: a job seen as finished has stored its last line.
  const state = found(await client.jobs.getJobState(id), 'job', id);
  if (isTerminal('job', state)) {
    const { data } = await client.jobs.listJobLogs(id, { ...filter, limit: 1 });
    // By the EventSource standard, a client reconnects until it gets 204.
    if (data.length === 0) return { status: 204 } as const;
  }
  const body = eventStream((signal) => client.jobs.followJobLogs(id, filter, signal), closing);
  return { status: 200, headers: EVENT_STREAM_HEADERS, body } as const;
}

async function answerText({ client, closing, params: { id }, query }: LogRequest) {
  found(await client.jobs.getJobState(id), 'job', id);
  const filter = { after: query.after, task: query.task };
  const lines = (signal: AbortSignal) =>
    query.follow ? client.jobs.followJobLogs(id, filter, signal) : storedLines(client, id, filter, signal);
  const body = liveStream((signal) => texts(lines(signal)), closing);
  // A live response closes its connection, because an idle connection would delay the shutdown of the server.
  const headers = { 'content-type': 'text/plain; charset=utf-8', connection: 'close' } as const;
  return { status: 200, headers, body } as const;
}

const PAGE = 1000;

async function* storedLines(
  client: LogRequest['client'],
  id: string,
  filter: LogFilter,
  signal: AbortSignal,
): AsyncIterable<LogLine> {
  let { after } = filter;
  for (let more = true; more && !signal.aborted; ) {
    const page = await client.jobs.listJobLogs(id, { ...filter, after, limit: PAGE });
    yield* page.data;
    after = page.data.at(-1)?.seq ?? after;
    more = page.has_more;
  }
}

async function* texts(lines: AsyncIterable<LogLine>): AsyncIterable<string> {
  for await (const { at, task, attempt, stream, text } of lines) {
    yield `${at} ${task} ${attempt} ${stream} ${text}\n`;
  }
}
