import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { Choice } from '../../parts/choice.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { evaluationsQuery } from '../../queries.js';
import { type Schemas, strata } from '../../server.js';
import { EvaluationTable } from '../evaluations/evaluations.js';
import { type ChosenImages, ImagesChoice } from './images-choice.js';

/** The evaluations of a model, and a form that starts one. */
export function EvaluationsPanel({ model }: { readonly model: Schemas['Model'] }) {
  const { data = [] } = useQuery(evaluationsQuery(model.id));
  return (
    <Panel title="Evaluations" note="Figures on any dataset that has the same names of classes." wide>
      <EvaluationForm model={model} />
      {data.length > 0 && <EvaluationTable evaluations={data} />}
    </Panel>
  );
}

function EvaluationForm({ model }: { readonly model: Schemas['Model'] }) {
  const [, go] = useLocation();
  const [images, setImages] = useState<ChosenImages>({ dataset: model.dataset.name, split: 'test' });
  const [withCascade, setWithCascade] = useState(false);
  const [variant, setVariant] = useState<Schemas['ModelVariantName']>('full');
  const { mutate, error, isPending } = useMutation({
    mutationFn: () =>
      strata.evaluations.create({
        model: model.id,
        ...images,
        variant,
        cascade: withCascade && variant === 'full',
      }),
    onSuccess: ({ id }) => go(`/evaluations/${id}`),
  });
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        mutate();
      }}
    >
      <ImagesChoice prefix="evaluated" model={model} images={images} choose={setImages} />
      <Choice
        id="evaluated-variant"
        label="Network"
        value={variant}
        values={model.variants.map((each) => each.variant)}
        choose={setVariant}
      />
      {variant === 'full' && model.variants.length > 1 && (
        <label htmlFor="evaluated-cascade">
          <input
            id="evaluated-cascade"
            type="checkbox"
            checked={withCascade}
            onChange={({ target }) => setWithCascade(target.checked)}
          />{' '}
          Cascade with the compact network
        </label>
      )}
      <button type="submit" disabled={isPending}>
        Evaluate
      </button>
      <Problem error={error} />
    </form>
  );
}
