import type { Job, NewJob } from './jobs.js';

/** Fields of `method` that follow from others. A copy of a resolved spec leaves them to the server. */
const FOLLOWING = ['split', 'penalty', 'round_steps', 'end_to_end_replicas', 'warm_start_share', 'auxiliary'];

/**
 * The spec with which to make a job like this one, changed or not: what was sent for it, so that the server works out
 * the rest anew. Of a job of a server that did not keep that: its resolved spec without its seed, and without what
 * followed from other fields.
 */
export function specOf({ requested, spec }: Job): NewJob {
  if (requested !== null) return requested as unknown as NewJob;
  const { seed: _, method, ...others } = spec;
  const kept = { ...present(others), method: present(method, FOLLOWING) };
  return kept as unknown as NewJob;
}

function present(object: object, without: readonly string[] = []): Record<string, unknown> {
  const entries = Object.entries(object).filter(([name, value]) => value !== null && !without.includes(name));
  return Object.fromEntries(entries);
}
