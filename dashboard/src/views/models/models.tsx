import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { moment, percent } from '../../format.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { modelsQuery } from '../../queries.js';

export default function ModelsView() {
  const { data, error, isPending } = useQuery(modelsQuery());
  return (
    <main className="page">
      <h1>Models</h1>
      <Problem error={error} />
      {isPending && !error && <p className="quiet">Loading…</p>}
      {data?.length === 0 && <p>No models yet. Every job that succeeds leaves one.</p>}
      {data && data.length > 0 && (
        <Scroll label="Models">
          <table className="list">
            <thead>
              <tr>
                <th>Model</th>
                <th>Tags</th>
                <th>Dataset</th>
                <th>Network</th>
                <th className="number">Full network</th>
                <th className="number">Compact network</th>
                <th>Created</th>
              </tr>
            </thead>
            <tbody>
              {data.map(
                ({ id, name, tags, dataset, network, variants, test_accuracy: accuracy, created_at: at }) => (
                  <tr key={id}>
                    <td>
                      <Link href={`/models/${id}`}>{name}</Link>
                    </td>
                    <td>
                      {tags.map((tag) => (
                        <span key={tag} className="badge">
                          {tag}
                        </span>
                      ))}
                    </td>
                    <td>{dataset.name}</td>
                    <td>
                      {network.family}-{network.depth}
                    </td>
                    <td className="number">{percent(accuracy)}</td>
                    <td className="number">
                      {percent(variants.find(({ variant }) => variant === 'compact')?.test_accuracy)}
                    </td>
                    <td>{moment(at)}</td>
                  </tr>
                ),
              )}
            </tbody>
          </table>
        </Scroll>
      )}
    </main>
  );
}
