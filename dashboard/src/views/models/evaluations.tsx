import { useQuery } from '@tanstack/react-query';
import { Panel } from '../../parts/panel.js';
import { evaluationsQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';
import { EvaluationForm } from '../evaluations/evaluation-form.js';
import { EvaluationTable } from '../evaluations/evaluations.js';

/** The evaluations of a model, and a form that starts one. */
export function EvaluationsPanel({ model }: { readonly model: Schemas['Model'] }) {
  const { data = [] } = useQuery(evaluationsQuery({ model: model.id }));
  return (
    <Panel title="Evaluations" note="Figures on any dataset that has the same names of classes." wide>
      <EvaluationForm
        subject={{ model: model.id }}
        dataset={model.dataset.name}
        variants={model.variants.map(({ variant }) => variant)}
      />
      {data.length > 0 && <EvaluationTable evaluations={data} />}
    </Panel>
  );
}
