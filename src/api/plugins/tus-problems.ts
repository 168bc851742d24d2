import { AsyncLocalStorage } from 'node:async_hooks';
import { Server } from '@tus/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, StrataError } from '../../contract/errors.js';
import { toProblem } from './problems.js';

/** Error codes for the statuses with which tus refuses. Its own status stays: the protocol gives it a meaning. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  403: 'invalid_request',
  404: 'not_found',
  409: 'upload_offset',
  410: 'not_found',
  412: 'invalid_request',
  413: 'upload_too_large',
  415: 'unsupported_media_type',
};

/** A tus server whose errors are problem+json, like all others. */
export class ProblemServer extends Server {
  readonly #requests = new AsyncLocalStorage<Pick<FastifyRequest, 'id' | 'url'>>();

  async answer({ id, url, raw }: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.#requests.run({ id, url }, () => this.handle(raw, reply.raw));
  }

  override write(...[context, headers, status, body]: Parameters<Server['write']>) {
    if (status < 400) return super.write(context, headers, status, body);
    const code = CODES[status] ?? (status < 500 ? 'invalid_request' : 'internal');
    // Sentences of tus for the caller; what failed inside is not told.
    const detail = status < 500 && body ? `${body.trim()}.` : undefined;
    const error = new StrataError(code, detail);
    const request = this.#requests.getStore() ?? { id: '', url: '/uploads' };
    const problem = { ...toProblem(error, request), status };
    headers.set('Content-Type', 'application/problem+json');
    return super.write(context, headers, status, JSON.stringify(problem));
  }
}
