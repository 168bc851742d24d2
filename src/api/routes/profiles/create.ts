import type { Handler } from '../../operations.js';

export const createProfile: Handler<'createProfile'> = async ({ client, body }) => {
  const profile = await client.createProfile(body);
  return { status: 202, headers: { location: profile.links.self }, body: profile };
};
