import { useQuery } from '@tanstack/react-query';
import { figure, percent } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { evaluationComparisonQuery, evaluationsQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';
import { viewsOf } from './evaluations.js';
import { figureRows } from './figure-rows.js';
import { subjectOf } from './subject.js';

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
  const rival = rivals.find(({ id }) => id === other);
  return (
    <Panel title="Comparison" note="Only evaluations on the same images can be compared.">
      <label htmlFor="rival">
        Compare with{' '}
        <select id="rival" value={other ?? ''} onChange={({ target }) => choose(target.value)}>
          <option value="">nothing</option>
          {rivals.map((each) => (
            <option key={each.id} value={each.id}>
              {nameOf(each)} ({percent(each.figures?.accuracy, 2)})
            </option>
          ))}
        </select>
      </label>
      {rival?.figures && evaluation.figures && (
        <SideBySide
          names={[nameOf(evaluation), nameOf(rival)]}
          figures={[evaluation.figures, rival.figures]}
        />
      )}
      {other !== null && <Comparison a={evaluation.id} b={other} />}
    </Panel>
  );
}

const nameOf = (evaluation: Evaluation): string =>
  `${subjectOf(evaluation)}, ${evaluation.variant}${viewsOf(evaluation.tta)}`;

interface SideBySideProps {
  readonly names: readonly [string, string];
  readonly figures: readonly [Schemas['EvaluationFigures'], Schemas['EvaluationFigures']];
}

/** The figures of both evaluations. */
function SideBySide({ names, figures: [one, other] }: SideBySideProps) {
  const others = new Map(figureRows(other));
  return (
    <Scroll label="Figures of both" className="scroll compared">
      <table className="list small">
        <thead>
          <tr>
            <th>Figure</th>
            {names.map((name, index) => (
              <th key={index === 0 ? 'this' : 'other'} className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {figureRows(one).map(([name, value]) => (
            <tr key={name}>
              <td>{name}</td>
              <td className="number">{value}</td>
              <td className="number">{others.get(name)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
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
