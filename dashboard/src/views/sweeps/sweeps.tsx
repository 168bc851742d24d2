import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { duration, figure, moment } from '../../format.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { sweepsQuery } from '../../queries.js';

export default function SweepsView() {
  const { data, error, isPending } = useQuery(sweepsQuery());
  return (
    <main className="page">
      <h1>Sweeps</h1>
      <Problem error={error} />
      {isPending && !error && <p className="quiet">Loading…</p>}
      {data?.length === 0 && (
        <p>
          No sweep yet. <code>strata sweep create</code> or <code>POST /sweeps</code> starts one.
        </p>
      )}
      {data && data.length > 0 && (
        <Scroll label="Sweeps">
          <table className="list stacked">
            <thead>
              <tr>
                <th>Name</th>
                <th>State</th>
                <th>Trials</th>
                <th>Best</th>
                <th>Device time</th>
                <th>Created</th>
              </tr>
            </thead>
            <tbody>
              {data.map(({ id, name, state, counts, best, spent, created_at: created }) => (
                <tr key={id}>
                  <td data-label="Name">
                    <Link href={`/sweeps/${id}`}>{name || id}</Link>
                  </td>
                  <td data-label="State">
                    <span className={`badge ${state}`}>{state}</span>
                  </td>
                  <td data-label="Trials">
                    {counts.succeeded} succeeded, {counts.pruned} pruned, {counts.running} running,{' '}
                    {counts.waiting} waiting
                  </td>
                  <td data-label="Best">{figure(best?.value)}</td>
                  <td data-label="Device time">{duration(spent.device_seconds)}</td>
                  <td data-label="Created">{moment(created)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </main>
  );
}
