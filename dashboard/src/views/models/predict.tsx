import { type DragEvent, useEffect, useState } from 'react';
import { percent } from '../../format.js';
import { useObjectUrl } from '../../parts/object-url.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { type Schemas, strata } from '../../server.js';

type Model = Schemas['Model'];

/** Answers an image that is dropped or chosen. */
export function PredictPanel({ model }: { readonly model: Model }) {
  const [file, setFile] = useState<File | null>(null);
  const [answer, setAnswer] = useState<Schemas['Prediction'] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [variant, setVariant] = useState<Schemas['ModelVariantName']>('full');
  const url = useObjectUrl(file);
  useEffect(() => {
    if (file === null) return;
    let isStale = false;
    setAnswer(null);
    setError(null);
    file
      .arrayBuffer()
      .then((content) => strata.models.predict(model.id, new Uint8Array(content), { variant, top_k: 5 }))
      .then((prediction) => !isStale && setAnswer(prediction))
      .catch((thrown: unknown) => !isStale && setError(thrown));
    return () => {
      isStale = true;
    };
  }, [file, variant, model.id]);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setFile(event.dataTransfer.files[0] ?? null);
  };
  const variants = model.variants.filter(({ predicts }) => predicts);
  return (
    <Panel title="Try an image" note="The image is resized as in training, and sent to this server only.">
      <div
        className="drop"
        onDrop={drop}
        onDragOver={(event) => event.preventDefault()}
        role="group"
        aria-label="Image to predict"
      >
        <label htmlFor="image">
          Drop an image here, or choose one:{' '}
          <input
            id="image"
            type="file"
            accept="image/*"
            onChange={({ target }) => setFile(target.files?.[0] ?? null)}
          />
        </label>
        {variants.length > 1 && (
          <label htmlFor="variant">
            Network{' '}
            <select
              id="variant"
              value={variant}
              onChange={({ target }) => setVariant(target.value as typeof variant)}
            >
              {variants.map(({ variant: each }) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
        )}
      </div>
      <Problem error={error} />
      {file !== null && answer === null && !error && <p className="quiet">Asking the model…</p>}
      <div className="prediction">
        {url && <img src={url} alt={file?.name ?? ''} />}
        {answer && (
          <ol className="bars" aria-live="polite">
            {answer.data[0]?.classes.map(({ index, name, probability }) => (
              <li key={index}>
                <span>{name}</span>
                <meter min={0} max={1} value={probability} aria-label={name} />
                <span>{percent(probability)}</span>
              </li>
            ))}
          </ol>
        )}
      </div>
    </Panel>
  );
}
