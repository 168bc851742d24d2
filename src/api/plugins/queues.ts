import { FastifyAdapter } from '@bull-board/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { JobsService } from '../../contract/client/service.js';
import { StrataError } from '../../contract/errors.js';
import { type AccessOptions, authorize } from './access.js';
import { PAGE_POLICY } from './headers.js';
import { sendProblem } from './problems.js';

const PREFIX = '/queues';

/**
 * Serves bull-board at /queues to callers with the scope `admin`. A browser asks its user for the key and sends it
 * as the password of HTTP Basic. Other clients send it as usual.
 */
export async function serveQueues(
  app: FastifyInstance,
  access: AccessOptions & { readonly service: Pick<JobsService, 'showQueues'> },
): Promise<void> {
  const board = new FastifyAdapter();
  access.service.showQueues(board);
  const mayLook = authorize('admin', access);
  const guard = async function (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply) {
    try {
      refuseWrites(request);
      request.headers.authorization = asBearer(request.headers.authorization);
      await mayLook(request);
      await access.limits.onRequest.call(this, request, reply);
    } catch (error) {
      // bull-board would send errors in its own format.
      return sendProblem(withBasicChallenge(error as Error), request, reply);
    }
    reply.header('content-security-policy', PAGE_POLICY);
  };
  await app.register(async (scope) => {
    scope.addHook('onRequest', guard);
    await scope.register(board.registerPlugin(), { prefix: PREFIX });
  });
}

/** Rejects every write, including those that future versions of the board may add. */
function refuseWrites({ method }: FastifyRequest): void {
  if (method === 'GET' || method === 'HEAD') return;
  throw new StrataError('method_not_allowed', 'The queue can only be viewed here, not changed.', {
    headers: { allow: 'GET, HEAD' },
  });
}

function asBearer(header: string | undefined): string | undefined {
  const credentials = /^Basic +(\S+)$/i.exec(header?.trim() ?? '')?.[1];
  if (credentials === undefined) return header;
  const [, key = ''] = /:(.*)$/s.exec(Buffer.from(credentials, 'base64').toString()) ?? [];
  return `Bearer ${key}`;
}

function withBasicChallenge(error: Error): Error {
  if (!(error instanceof StrataError) || error.code !== 'unauthenticated') return error;
  const headers = { 'www-authenticate': 'Basic realm="strata: an API key as password", charset="UTF-8"' };
  return new StrataError(error.code, error.detail, { headers });
}
