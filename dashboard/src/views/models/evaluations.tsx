import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { ChoiceField } from '../../parts/choice.js';
import { Problems } from '../../parts/field.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { notAt, problemsAt } from '../../parts/problems-at.js';
import { evaluationsQuery } from '../../queries.js';
import { type Schemas, strata } from '../../server.js';
import { EvaluationTable } from '../evaluations/evaluations.js';
import { type ChosenImages, ImagesChoice } from './images-choice.js';

const VIEWS = ['none', 'flip', 'five-crop'] as const satisfies readonly Schemas['TestTimeAugmentation'][];
/** Fields of the form, which show what is wrong with them. */
const FIELDS = ['/dataset', '/split', '/variant', '/tta', '/cascade'];

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
  const [tta, setTta] = useState<Schemas['TestTimeAugmentation']>('none');
  const { mutate, error, isPending } = useMutation({
    mutationFn: () =>
      strata.evaluations.create({
        model: model.id,
        ...images,
        ...{ variant, tta },
        cascade: withCascade && variant === 'full',
      }),
    onSuccess: ({ id }) => go(`/evaluations/${id}`),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        mutate();
      }}
    >
      <div className="fields">
        <ImagesChoice {...{ prefix: 'evaluated', model, images, error }} at="" choose={setImages} />
        <ChoiceField
          id="evaluated-variant"
          label="Network"
          value={variant}
          values={model.variants.map((each) => each.variant)}
          choose={setVariant}
          problems={problemsAt(error, '/variant')}
        />
        <ChoiceField
          id="evaluated-tta"
          label="Views of each image"
          value={tta}
          values={VIEWS}
          choose={setTta}
          problems={problemsAt(error, '/tta')}
        />
      </div>
      {variant === 'full' && model.variants.length > 1 && (
        <div className="check">
          <label htmlFor="evaluated-cascade">
            <input
              id="evaluated-cascade"
              type="checkbox"
              checked={withCascade}
              onChange={({ target }) => setWithCascade(target.checked)}
            />{' '}
            Cascade with the compact network
          </label>
          <Problems of={problemsAt(error, '/cascade')} />
        </div>
      )}
      <Problem error={notAt(error, FIELDS)} />
      <button type="submit" disabled={isPending}>
        Evaluate
      </button>
    </form>
  );
}
