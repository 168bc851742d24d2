import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { moment, percent } from '../../format.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { StateBadge } from '../../parts/state-badge.js';
import { evaluationsQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';
import { subjectOf } from './subject.js';

export default function EvaluationsView() {
  const { data, error, isPending } = useQuery(evaluationsQuery());
  return (
    <main className="page">
      <h1>Evaluations</h1>
      <Problem error={error} />
      {isPending && !error && <p className="quiet">Loading…</p>}
      {data?.length === 0 && <p>No evaluations yet. The page of a model or of a job starts one.</p>}
      {data && data.length > 0 && <EvaluationTable evaluations={data} />}
    </main>
  );
}

export function EvaluationTable({ evaluations }: { readonly evaluations: readonly Schemas['Evaluation'][] }) {
  return (
    <Scroll label="Evaluations">
      <table className="list stacked">
        <thead>
          <tr>
            <th>Images</th>
            <th>Model</th>
            <th>Network</th>
            <th>State</th>
            <th className="number">Accuracy</th>
            <th className="number">95 % interval</th>
            <th>Created</th>
          </tr>
        </thead>
        <tbody>
          {evaluations.map((evaluation) => (
            <tr key={evaluation.id}>
              <td data-label="Images">
                <Link href={`/evaluations/${evaluation.id}`}>
                  {evaluation.split} of {evaluation.dataset.name}
                </Link>
              </td>
              <td data-label="Model">
                <Link href={evaluation.links.model ?? evaluation.links.job ?? ''}>
                  {subjectOf(evaluation)}
                </Link>
              </td>
              <td data-label="Network">
                {evaluation.variant}
                {viewsOf(evaluation.tta)}
              </td>
              <td data-label="State">
                <StateBadge state={evaluation.state} />
              </td>
              <td data-label="Accuracy" className="number">
                {percent(evaluation.figures?.accuracy, 2)}
              </td>
              <td data-label="95 % interval" className="number">
                {intervalOf(evaluation.figures?.accuracy_interval)}
              </td>
              <td data-label="Created">{moment(evaluation.created_at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

export function intervalOf(interval: Schemas['Interval'] | null | undefined): string {
  return interval ? `${percent(interval.low)} to ${percent(interval.high)}` : '–';
}

/** The views of each image whose answers are averaged, as a suffix. */
export function viewsOf(tta: Schemas['TestTimeAugmentation']): string {
  return { none: '', flip: ', mirrored too', 'five-crop': ', five crops of each' }[tta];
}
