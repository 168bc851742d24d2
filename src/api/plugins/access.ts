import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DEFAULT_TENANT, type Principal, SCOPES, type Scope } from '../../contract/access.js';
import type { JobsService } from '../../contract/client/service.js';
import { StrataError } from '../../contract/errors.js';
import { bearerToken } from '../http/bearer-token.js';
import { isLocalCaller, proxySign } from '../http/local-caller.js';
import type { Limits } from './limits.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller; null if the operation needs no key. */
    principal: Principal | null;
  }
}

/** Authentication of callers. */
export interface AccessOptions {
  readonly service: Pick<JobsService, 'authenticate' | 'isOpen'>;
  /** Whether only this machine can reach the server. Then it needs no key until the first one exists. */
  readonly loopback: boolean;
  readonly limits: Limits;
}

/** The principal of every caller on this machine, while there are no keys. */
const ANYBODY: Principal = { tenant: DEFAULT_TENANT, scopes: SCOPES, keyId: null };

export function knowPrincipals(app: FastifyInstance): void {
  app.decorateRequest('principal', null);
}

/** A hook that admits only callers with the scope. null: everybody, without a key. */
export function authorize(scope: Scope | null, options: AccessOptions) {
  return async (request: FastifyRequest): Promise<void> => {
    if (scope === null) return;
    const principal = await identify(request, options);
    if (!principal.scopes.includes(scope)) throw lacks(scope);
    request.principal = principal;
  };
}

/** @throws StrataError unauthenticated, rate_limited, foreign_caller, unavailable */
async function identify(request: FastifyRequest, options: AccessOptions): Promise<Principal> {
  const { service, loopback, limits } = options;
  const { headers } = request;
  const token = bearerToken(headers.authorization);
  if (token !== undefined) {
    limits.refuseKnown(request, token);
    const principal = await service.authenticate(token);
    if (principal === null) await limits.countFailure(request);
    else limits.prove(token);
    return principal ?? refuse('Unknown or revoked API key.');
  }
  if (headers.authorization !== undefined) return refuse('The Authorization header must be `Bearer <key>`.');
  if (!loopback || !(await service.isOpen())) return refuse();
  if (!isLocalCaller(headers)) throw new StrataError('foreign_caller');
  const sign = proxySign(headers, request.raw.httpVersion);
  if (sign !== null) throw behindProxy(sign);
  return ANYBODY;
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
