import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionError, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ERRORS, StrataError } from '../../contract/errors.js';
import type { components } from '../../contract/generated/openapi.js';
import { outageOf } from '../../contract/outages.js';
import { explain } from '../validation/explain.js';

type Problem = components['schemas']['Problem'];

/** Sends every error as RFC 9457 problem+json with a code from the catalogue. */
export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => sendProblem(error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const error = new StrataError(
      'not_found',
      `There is no resource at ${pathOf(request)}. \`/docs\` shows every path.`,
    );
    return sendProblem(error, request, reply);
  });
}

export function sendProblem(
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const known = toStrataError(error);
  if (known.status >= 500) request.log.error({ err: error }, known.detail);
  return (
    reply
      .code(known.status)
      // A URL that cannot be decoded skips all hooks, so the header is set here.
      .header('x-request-id', request.id)
      .headers(mayComeBack(known) ? { 'retry-after': '5', ...known.headers } : known.headers)
      .type('application/problem+json')
      .send(toProblem(known, request))
  );
}

/** By itself, without anything that the caller could change. */
function mayComeBack({ code, retry }: StrataError): boolean {
  return code === 'unavailable' || retry === 'wait';
}

/** Answers a request that is not valid HTTP, directly on its socket. */
export function refuseConnection(error: ConnectionError, socket: Socket): void {
  if (socket.writable) {
    const overflow = error.code === 'HPE_HEADER_OVERFLOW';
    const known = overflow
      ? new StrataError('headers_too_large')
      : new StrataError('invalid_request', 'The request is not valid HTTP/1.1.');
    const body = JSON.stringify(toProblem(known, { id: randomUUID(), url: '/' }));
    const head = [
      `HTTP/1.1 ${known.status} ${STATUS_CODES[known.status]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}

export function toProblem(error: StrataError, request: Pick<FastifyRequest, 'id' | 'url'>): Problem {
  return {
    type: `urn:strata:error:${error.code}`,
    title: ERRORS[error.code].title,
    status: error.status,
    detail: error.detail,
    instance: pathOf(request),
    code: error.code,
    request_id: request.id,
    errors: error.errors.map(({ in: part = 'body', pointer, message }) => ({ in: part, pointer, message })),
  };
}

function pathOf({ url }: Pick<FastifyRequest, 'url'>): string {
  return url.split('?', 1)[0] ?? url;
}

const PARTS = { body: 'body', querystring: 'query', params: 'path', headers: 'header' } as const;

function toStrataError(error: FastifyError | Error): StrataError {
  if (error instanceof StrataError) return error;
  if ('validation' in error && error.validation) {
    const part = PARTS[(error.validationContext ?? 'body') as keyof typeof PARTS];
    return new StrataError('invalid_request', undefined, {
      errors: explain(error.validation as Parameters<typeof explain>[0], part),
    });
  }
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
  if (status === 413) return new StrataError('body_too_large');
  if (status === 415) return new StrataError('unsupported_media_type');
  if (status >= 400 && status < 500) {
    return new StrataError('invalid_request', error.message || STATUS_CODES[status]);
  }
  const outage = outageOf(error);
  if (outage !== null) return new StrataError(outage, undefined, { cause: error });
  // Details of internal errors are logged and not sent to the caller.
  return new StrataError('internal', undefined, { cause: error });
}
