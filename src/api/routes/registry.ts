import type { Alias } from '../../contract/client/registry.js';
import { StrataError } from '../../contract/errors.js';
import type { Caller, Handler } from '../handler.js';

export const listRegisteredModels: Handler<'listRegisteredModels'> = async ({ client, query }) => ({
  status: 200,
  body: await client.registry.listRegisteredModels(query),
});

export const getRegisteredModel: Handler<'getRegisteredModel'> = async ({ client, params }) => ({
  status: 200,
  body: await client.registry.getRegisteredModel(params.name),
});

const answerOf = (alias: Alias) => ({
  status: 200 as const,
  headers: { etag: `"${alias.etag}"` },
  body: alias,
});

export const getAlias: Handler<'getAlias'> = async ({ client, params: { name, alias } }) =>
  answerOf(await client.registry.getAlias(name, alias));

export const setAlias: Handler<'setAlias'> = async ({ client, params: { name, alias }, headers, body }) => {
  const etag = headers['if-match']?.replaceAll('"', '') ?? null;
  return answerOf(await client.registry.setAlias(name, alias, body.version, etag));
};

export const setAliasRule: Handler<'setAliasRule'> = async ({ client, params: { name, alias }, body }) => {
  const { requires, approvals = 0, not_by_author = false } = body;
  return answerOf(await client.registry.setAliasRule(name, alias, { requires, approvals, not_by_author }));
};

export const deleteAliasRule: Handler<'deleteAliasRule'> = async ({ client, params: { name, alias } }) => {
  await client.registry.deleteAliasRule(name, alias);
  return { status: 204 };
};

export const createPromotion: Handler<'createPromotion'> = async ({ client, params, body, caller }) => {
  const { version, alias, note = '', force = null, etag = null } = body;
  if (force !== null) requireAdmin(caller);
  const request = { version, alias, note, force, etag };
  const promotion = await client.registry.createPromotion(params.name, request, caller.principal.keyId);
  return { status: 201, headers: { location: `/promotions/${promotion.id}` }, body: promotion };
};

/** @throws StrataError scope_missing */
function requireAdmin({ principal }: Caller): void {
  if (principal.scopes.includes('admin')) return;
  throw new StrataError('scope_missing', 'To force a promotion, a key needs the scope `admin`.');
}

export const listPromotions: Handler<'listPromotions'> = async ({ client, params, query }) => ({
  status: 200,
  body: await client.registry.listPromotions(params.name, query),
});

export const getPromotion: Handler<'getPromotion'> = async ({ client, params }) => ({
  status: 200,
  body: await client.registry.getPromotion(params.id),
});

export const approvePromotion: Handler<'approvePromotion'> = async ({ client, params, caller }) => ({
  status: 200,
  body: await client.registry.approvePromotion(params.id, caller.principal.keyId),
});

export const rejectPromotion: Handler<'rejectPromotion'> = async ({ client, params, caller }) => ({
  status: 200,
  body: await client.registry.rejectPromotion(params.id, caller.principal.keyId),
});
