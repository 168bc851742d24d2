import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ANY_KEY, DEFAULT_TENANT, type Principal, SCOPES, type Scope } from '../../contract/access.js';
import type { JobsService } from '../../contract/client/service.js';
import { StrataError } from '../../contract/errors.js';
import { bearerToken } from '../http/bearer-token.js';
import { isLocalCaller, proxySign } from '../http/local-caller.js';
import { isSameOrigin } from '../http/same-origin.js';
import { sessionOf } from '../http/session-cookie.js';
import type { Limits } from './limits.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller; null if the operation needs no key. */
    principal: Principal | null;
    /** Its API key, whether sent or kept in a session; null for a caller without one. */
    apiKey: string | null;
    /** The session of a browser; null for a caller that sent its key, or has none. */
    session: { readonly expiresAt: Date } | null;
  }
}

/** Authentication of callers. */
export interface AccessOptions {
  readonly service: Pick<JobsService, 'authenticate' | 'isOpen' | 'openSession'>;
  /** Whether only this machine can reach the server. Then it needs no key until the first one exists. */
  readonly loopback: boolean;
  readonly limits: Limits;
}

/** The principal of every caller on this machine, while there are no keys. */
const ANYBODY: Principal = { tenant: DEFAULT_TENANT, scopes: SCOPES, keyId: null };

export function knowPrincipals(app: FastifyInstance): void {
  app.decorateRequest('principal', null);
  app.decorateRequest('apiKey', null);
  app.decorateRequest('session', null);
}

/** A hook that admits only callers with the scope. ANY_KEY: every valid key; null: everybody, without a key. */
export function authorize(scope: Scope | typeof ANY_KEY | null, options: AccessOptions) {
  return async (request: FastifyRequest): Promise<void> => {
    if (scope === null) return;
    const principal = await identify(request, options);
    if (scope !== ANY_KEY && !principal.scopes.includes(scope)) throw lacks(scope);
    request.principal = principal;
  };
}

/** @throws StrataError unauthenticated, rate_limited, cross_site, foreign_caller, unavailable */
async function identify(request: FastifyRequest, options: AccessOptions): Promise<Principal> {
  const { service, loopback, limits } = options;
  const { headers } = request;
  const token = bearerToken(headers.authorization) ?? (await keyOfSession(request, service));
  if (token !== undefined) {
    limits.refuseKnown(request, token);
    const principal = await service.authenticate(token);
    if (principal === null) await limits.countFailure(request);
    else limits.prove(token);
    request.apiKey = token;
    return principal ?? refuse('Unknown or revoked API key.');
  }
  if (headers.authorization !== undefined) return refuse('The Authorization header must be `Bearer <key>`.');
  if (!loopback || !(await service.isOpen())) return refuse();
  if (!isLocalCaller(headers)) throw new StrataError('foreign_caller');
  const sign = proxySign(headers, request.raw.httpVersion);
  if (sign !== null) throw behindProxy(sign);
  return ANYBODY;
}

/** The key in the session of a browser. A header goes before it. @throws StrataError cross_site */
async function keyOfSession(
  request: FastifyRequest,
  service: AccessOptions['service'],
): Promise<string | undefined> {
  const { headers, method } = request;
  const text = sessionOf(headers);
  if (headers.authorization !== undefined || text === undefined) return undefined;
  const session = await service.openSession(text);
  if (session === null) return undefined;
  if (!isSameOrigin(method, headers)) throw new StrataError('cross_site');
  request.session = session;
  return session.key;
}

/** Every caller behind a proxy on this machine looks like this machine. */
function behindProxy(sign: string): StrataError {
  const detail = `The request came through a proxy (${sign}), so anybody may have sent it. Create a key with \`npm run api-key -- create --name me\`.`;
  return new StrataError('foreign_caller', detail);
}

/** RFC 6750, section 3: no error code if the request had no key. */
function refuse(detail?: string): never {
  const challenge = detail ? 'Bearer realm="strata", error="invalid_token"' : 'Bearer realm="strata"';
  throw new StrataError('unauthenticated', detail, { headers: { 'www-authenticate': challenge } });
}

function lacks(scope: Scope): StrataError {
  const headers = {
    'www-authenticate': `Bearer realm="strata", error="insufficient_scope", scope="${scope}"`,
  };
  return new StrataError('scope_missing', `This operation requires a key with the scope \`${scope}\`.`, {
    headers,
  });
}
