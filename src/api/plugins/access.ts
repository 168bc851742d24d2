import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DEFAULT_TENANT, type Principal, SCOPES, type Scope } from '../../contract/access.js';
import type { JobsService } from '../../contract/client/service.js';
import { StrataError } from '../../contract/errors.js';
import { isLocalCaller } from '../http/local-caller.js';
import type { Limits } from './limits.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; null where the operation asks nobody. */
    principal: Principal | null;
  }
}

/** How callers prove who they are. */
export interface AccessOptions {
  readonly service: Pick<JobsService, 'authenticate' | 'isOpen'>;
  /** Whether only this machine reaches the server, which then needs no keys until the first one is made. */
  readonly loopback: boolean;
  readonly limits: Limits;
}

/** Everybody on this machine, as long as there are no keys. */
const ANYBODY: Principal = { tenant: DEFAULT_TENANT, scopes: SCOPES, keyId: null };

export function knowPrincipals(app: FastifyInstance): void {
  app.decorateRequest('principal', null);
}

/** A hook that lets only those pass who have the scope; null: everybody, unasked. */
export function authorize(scope: Scope | null, options: AccessOptions) {
  return async (request: FastifyRequest): Promise<void> => {
    if (scope === null) return;
    const principal = await identify(request, options);
    if (!principal.scopes.includes(scope)) throw lacks(scope);
    request.principal = principal;
  };
}

/** The text of the key that a request carries. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(header?.trim() ?? '')?.[1];
}

/** @throws StrataError unauthenticated, rate_limited, foreign_caller, unavailable */
async function identify(request: FastifyRequest, options: AccessOptions): Promise<Principal> {
  const { service, loopback, limits } = options;
  const { headers } = request;
  const token = bearerToken(headers.authorization);
  if (token !== undefined) {
    const principal = await service.authenticate(token);
    if (principal === null) await limits.countFailure(request);
    return principal ?? refuse('The key is none of ours, or revoked.');
  }
  if (headers.authorization !== undefined) return refuse('Authorization must be `Bearer <key>`.');
  if (!loopback || !(await service.isOpen())) return refuse();
  if (!isLocalCaller(headers)) throw new StrataError('foreign_caller');
  return ANYBODY;
}

/** RFC 6750, section 3: no reason where no key was sent. */
function refuse(detail?: string): never {
  const challenge = detail ? 'Bearer realm="strata", error="invalid_token"' : 'Bearer realm="strata"';
  throw new StrataError('unauthenticated', detail, { headers: { 'www-authenticate': challenge } });
}

function lacks(scope: Scope): StrataError {
  const headers = {
    'www-authenticate': `Bearer realm="strata", error="insufficient_scope", scope="${scope}"`,
  };
  return new StrataError('scope_missing', `This needs a key with the scope \`${scope}\`.`, { headers });
}
