import { useQuery } from '@tanstack/react-query';
import { figure, percent } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { evaluationComparisonQuery, evaluationsQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';
import { viewsOf } from './evaluations.js';

type Evaluation = Schemas['Evaluation'];

interface ComparisonPanelProps {
  readonly evaluation: Evaluation;
  /** Id of the evaluation that it is compared with; null for none. */
  readonly other: string | null;
  readonly choose: (other: string) => void;
}

/** Another evaluation on the same images, chosen from a list. */
export function ComparisonPanel({ evaluation, other, choose }: ComparisonPanelProps) {
  const { data = [] } = useQuery(evaluationsQuery());
  const rivals = data.filter((each) => isOnSameImages(each, evaluation));
  return (
    <Panel title="Comparison" note="Only evaluations on the same images can be compared.">
      <label htmlFor="rival">
        Compare with{' '}
        <select id="rival" value={other ?? ''} onChange={({ target }) => choose(target.value)}>
          <option value="">nothing</option>
          {rivals.map((rival) => (
            <option key={rival.id} value={rival.id}>
              {rival.model_name ?? rival.checkpoint?.id}, {rival.variant}
              {viewsOf(rival.tta)} ({percent(rival.figures?.accuracy, 2)})
            </option>
          ))}
        </select>
      </label>
      {other !== null && <Comparison a={evaluation.id} b={other} />}
    </Panel>
  );
}

const isOnSameImages = (one: Evaluation, other: Evaluation): boolean =>
  one.id !== other.id &&
  one.state === 'succeeded' &&
  one.dataset.sha256 === other.dataset.sha256 &&
  one.split === other.split;

function Comparison({ a, b }: { readonly a: string; readonly b: string }) {
  const { data, error } = useQuery(evaluationComparisonQuery(a, b));
  if (!data) return <Problem error={error} />;
  return (
    <>
      <p>
        The other is right on {data.only_b.toLocaleString()} images where this one is wrong, and wrong on{' '}
        {data.only_a.toLocaleString()} where this one is right: {percent(data.difference, 2)} difference,
        McNemar p = {figure(data.p_value)}.
      </p>
      {data.classes.length > 0 && (
        <p>
          By class (won, lost):{' '}
          {data.classes.map(({ name, won, lost }) => `${name} +${won} −${lost}`).join(', ')}.
        </p>
      )}
    </>
  );
}
