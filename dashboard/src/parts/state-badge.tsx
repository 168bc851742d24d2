import type { Schemas } from '../server.js';

export function StateBadge({ state }: { readonly state: Schemas['JobState'] | Schemas['Dataset']['state'] }) {
  return <span className={`badge ${state}`}>{state}</span>;
}
