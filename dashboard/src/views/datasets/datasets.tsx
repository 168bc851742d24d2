import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { StateBadge } from '../../parts/state-badge.js';
import { datasetsQuery } from '../../queries.js';
import { UploadPanel } from './upload.js';

export default function DatasetsView() {
  const { data, error, isPending } = useQuery(datasetsQuery());
  return (
    <main className="page">
      <h1>Datasets</h1>
      <Problem error={error} />
      {isPending && !error && <p className="quiet">Loading…</p>}
      {data && (
        <Scroll label="Datasets">
          <table className="list">
            <thead>
              <tr>
                <th>Dataset</th>
                <th>State</th>
                <th className="number">Classes</th>
                <th>Images</th>
                <th className="number">Train</th>
                <th className="number">Validation</th>
                <th className="number">Test</th>
                <th className="number">Problems</th>
              </tr>
            </thead>
            <tbody>
              {data.map(({ id, name, state, classes, image, splits, problem_count: problems }) => (
                <tr key={id}>
                  <td>
                    <Link href={`/datasets/${id}`}>{name}</Link>
                  </td>
                  <td>
                    <StateBadge state={state} />
                  </td>
                  <td className="number">{classes.length || '–'}</td>
                  <td>{image ? `${image.height}×${image.width}×${image.channels}` : '–'}</td>
                  <td className="number">{splits.train.count.toLocaleString()}</td>
                  <td className="number">{splits.validation.count.toLocaleString()}</td>
                  <td className="number">{splits.test.count.toLocaleString()}</td>
                  <td className="number">{problems}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      <UploadPanel />
    </main>
  );
}
