import { useMutation } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import type { BatchPredictionRequest } from '../../../../client/src/index.js';
import { ChoiceField } from '../../parts/choice.js';
import { Problem } from '../../parts/problem.js';
import { notAt } from '../../parts/problems-at.js';
import { isBegun, sendFile } from '../../parts/send-file.js';
import { Sent } from '../../parts/sent.js';
import { type Schemas, strata } from '../../server.js';
import { type ChosenImages, ImagesChoice } from '../evaluations/images-choice.js';
import { BatchOptionFields, DEFAULTS, FIELDS, requestOf } from './batch-options.js';
import { archiveOf, PicturesChoice } from './pictures-choice.js';

const SOURCES = ['a dataset', 'my files'] as const;
type Source = (typeof SOURCES)[number];

/** Starts a batch prediction for a dataset, or for pictures that the browser sends. */
export function BatchForm({ model }: { readonly model: Schemas['Model'] }) {
  const [, go] = useLocation();
  const [source, setSource] = useState<Source>('a dataset');
  const [images, setImages] = useState<ChosenImages>({ dataset: model.dataset.name, split: 'test' });
  const [files, setFiles] = useState<readonly File[]>([]);
  const [options, setOptions] = useState(DEFAULTS);
  const [share, setShare] = useState<number | null>(null);
  const archive = useMemo(() => (source === 'my files' ? archiveOf(files) : null), [source, files]);
  const create = (input: BatchPredictionRequest['input']) =>
    strata.batches.create({ model: model.id, input, ...requestOf(options) });
  const { mutate, error, isPending } = useMutation({
    mutationFn: () =>
      archive === null ? create(images) : sendFile(archive, setShare, (upload) => create({ upload })),
    onSettled: () => setShare(null),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        // Called only while the form is shown: who has left the page is not taken to another.
        mutate(undefined, { onSuccess: ({ id }) => go(`/batch-predictions/${id}`) });
      }}
    >
      <div className="fields">
        <ChoiceField id="batch-source" label="Predict" value={source} values={SOURCES} choose={setSource} />
        {source === 'a dataset' ? (
          <ImagesChoice
            {...{ prefix: 'batch', own: model.dataset.name, images, error }}
            at="/input"
            choose={setImages}
          />
        ) : (
          <PicturesChoice {...{ files, error }} choose={setFiles} />
        )}
        <BatchOptionFields {...{ model, options, error }} choose={setOptions} />
      </div>
      <Problem error={notAt(error, ['/input/dataset', '/input/split', '/input/upload', ...FIELDS])} />
      <Sent share={share} />
      <button type="submit" disabled={isPending}>
        {archive !== null && !isPending && isBegun(archive) ? 'Continue the upload' : 'Predict all'}
      </button>
    </form>
  );
}
