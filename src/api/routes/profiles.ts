import type { Handler } from '../handler.js';
import { found } from '../http/found.js';

export const createProfile: Handler<'createProfile'> = async ({ client, body }) => {
  const profile = await client.plans.createProfile(body);
  return { status: 202, headers: { location: profile.links.self }, body: profile };
};

export const createPlan: Handler<'createPlan'> = async ({ client, body }) => ({
  status: 200,
  body: await client.plans.createPlan(body),
});

export const deleteProfile: Handler<'deleteProfile'> = async ({ client, params: { id } }) => {
  await client.plans.deleteProfile(id);
  return { status: 204 };
};

export const getProfile: Handler<'getProfile'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.plans.getProfile(id), 'profile', id),
});
