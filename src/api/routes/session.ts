import { StrataError } from '../../contract/errors.js';
import type { Handler } from '../handler.js';
import { noSessionCookie, sessionCookie } from '../http/session-cookie.js';

export const createSession: Handler<'createSession'> = async ({ service, caller }) => {
  const { key, session, principal } = caller;
  // A session that could renew itself would have no end.
  if (key === null || session !== null) throw withoutKey();
  const { text, expiresAt } = await service.createSession(key);
  return {
    status: 201,
    headers: { 'set-cookie': sessionCookie(text, expiresAt, caller.isSecure), 'cache-control': 'no-store' },
    body: describe(principal, expiresAt),
  };
};

export const getSession: Handler<'getSession'> = async ({ caller: { principal, session } }) => ({
  status: 200,
  headers: { 'cache-control': 'no-store' },
  body: describe(principal, session?.expiresAt ?? null),
});

export const deleteSession: Handler<'deleteSession'> = async () => ({
  status: 204,
  headers: { 'set-cookie': noSessionCookie() },
});

type Caller = Parameters<Handler<'getSession'>>[0]['caller'];

function describe({ tenant, scopes, keyId }: Caller['principal'], expiresAt: Date | null) {
  return {
    object: 'session' as const,
    tenant,
    scopes: [...scopes],
    key_id: keyId,
    expires_at: expiresAt?.toISOString() ?? null,
  };
}

function withoutKey(): StrataError {
  const message = 'Must be `Bearer <key>`: a session begins with an API key.';
  return new StrataError('invalid_request', undefined, {
    errors: [{ in: 'header', pointer: '/authorization', message }],
  });
}
