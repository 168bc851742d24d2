import { Problem } from './problem.js';

/** The page of something that is not read yet, or that cannot be read. */
export function PendingPage({ error }: { readonly error: unknown }) {
  return (
    <main className="page">{error ? <Problem error={error} /> : <p className="quiet">Loading…</p>}</main>
  );
}
