import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { Choice } from '../../parts/choice.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { batchesQuery } from '../../queries.js';
import { type Schemas, strata } from '../../server.js';
import { BatchTable } from '../batches/batches.js';
import { type ChosenImages, ImagesChoice } from './images-choice.js';

const FORMATS = ['jsonl', 'csv'] as const;
const NO_CASCADE = 'none';
const THRESHOLDS = [NO_CASCADE, '0.8', '0.9', '0.95', '0.99'] as const;

/** The batch predictions of a model, and a form that starts one. */
export function BatchesPanel({ model }: { readonly model: Schemas['Model'] }) {
  const { data = [] } = useQuery(batchesQuery(model.id));
  return (
    <Panel title="Batch predictions" note="A line with the answer for each image of a dataset." wide>
      <BatchForm model={model} />
      {data.length > 0 && <BatchTable batches={data} />}
    </Panel>
  );
}

function BatchForm({ model }: { readonly model: Schemas['Model'] }) {
  const [, go] = useLocation();
  const [images, setImages] = useState<ChosenImages>({ dataset: model.dataset.name, split: 'test' });
  const [format, setFormat] = useState<(typeof FORMATS)[number]>('jsonl');
  const [threshold, setThreshold] = useState<(typeof THRESHOLDS)[number]>(NO_CASCADE);
  const { mutate, error, isPending } = useMutation({
    mutationFn: () =>
      strata.batches.create({
        model: model.id,
        input: images,
        output: { format },
        cascade: threshold === NO_CASCADE ? null : { threshold: Number(threshold) },
      }),
    onSuccess: ({ id }) => go(`/batch-predictions/${id}`),
  });
  const hasCompact = model.variants.some(({ variant }) => variant === 'compact');
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        mutate();
      }}
    >
      <ImagesChoice prefix="batch" model={model} images={images} choose={setImages} />
      <Choice id="batch-format" label="Format" value={format} values={FORMATS} choose={setFormat} />
      {hasCompact && (
        <Choice
          id="batch-cascade"
          label="Cascade at"
          value={threshold}
          values={THRESHOLDS}
          choose={setThreshold}
        />
      )}
      <button type="submit" disabled={isPending}>
        Predict all
      </button>
      <Problem error={error} />
    </form>
  );
}
