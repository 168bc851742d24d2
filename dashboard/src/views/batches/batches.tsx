import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { moment, percent } from '../../format.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { StateBadge } from '../../parts/state-badge.js';
import { batchesQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';
import { imagesOf, shareDone } from './input.js';

export default function BatchesView() {
  const { data, error, isPending } = useQuery(batchesQuery());
  return (
    <main className="page">
      <h1>Batch predictions</h1>
      <Problem error={error} />
      {isPending && !error && <p className="quiet">Loading…</p>}
      {data?.length === 0 && <p>No batch predictions yet. The page of a model starts one.</p>}
      {data && data.length > 0 && <BatchTable batches={data} />}
    </main>
  );
}

export function BatchTable({ batches }: { readonly batches: readonly Schemas['BatchPrediction'][] }) {
  return (
    <Scroll label="Batch predictions">
      <table className="list stacked">
        <thead>
          <tr>
            <th>Images</th>
            <th>Model</th>
            <th>State</th>
            <th className="number">Done</th>
            <th className="number">Unreadable</th>
            <th>Created</th>
          </tr>
        </thead>
        <tbody>
          {batches.map(({ id, input, model_id, model_name, state, counts, created_at }) => (
            <tr key={id}>
              <td data-label="Images">
                <Link href={`/batch-predictions/${id}`}>{imagesOf(input)}</Link>
              </td>
              <td data-label="Model">
                <Link href={`/models/${model_id}`}>{model_name}</Link>
              </td>
              <td data-label="State">
                <StateBadge state={state} />
              </td>
              <td data-label="Done" className="number">
                {percent(shareDone(counts))}
              </td>
              <td data-label="Unreadable" className="number">
                {counts.failed.toLocaleString()}
              </td>
              <td data-label="Created">{moment(created_at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
