import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { StrataError } from '../../contract/errors.js';
import { sendProblem } from './problems.js';

/** The slowest body that is received: so many bytes in each window. */
export interface SlowestBody {
  readonly windowMs: number;
  readonly bytes: number;
}

/** 1 KiB/s. A gigabyte at this rate would take twelve days; an upload that large comes over a faster line. */
export const SLOWEST_BODY: SlowestBody = { windowMs: 30_000, bytes: 30 * 1_024 };

/**
 * Ends requests whose body comes too slowly, because each of them holds a connection. A body that this server does not
 * read yet is not slow.
 */
export function endSlowBodies(app: FastifyInstance, { windowMs, bytes }: SlowestBody): void {
  app.addHook('onRequest', (request, reply, next) => {
    if (hasBody(request)) watch(request, reply);
    next();
  });

  const watch = (request: FastifyRequest, reply: FastifyReply): void => {
    const { raw } = request;
    const { socket } = raw;
    let seen = socket.bytesRead;
    const look = (): void => {
      const received = socket.bytesRead - seen;
      seen = socket.bytesRead;
      const isOver = raw.complete || socket.destroyed;
      const isSlow = received < bytes && raw.readableLength === 0;
      if (isOver || isSlow) clearInterval(timer);
      if (isSlow && !isOver) end(request, reply);
    };
    const timer = setInterval(look, windowMs).unref();
    raw.once('close', () => clearInterval(timer));
  };
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function end(request: FastifyRequest, reply: FastifyReply): void {
  const { socket } = request.raw;
  request.log.info('the body came too slowly');
  // tus answers by itself, and a response may be on its way already.
  if (reply.sent || reply.raw.headersSent) {
    socket.destroy();
    return;
  }
  reply.raw.once('finish', () => socket.destroySoon());
  sendProblem(new StrataError('body_too_slow'), request, reply.header('connection', 'close'));
}
