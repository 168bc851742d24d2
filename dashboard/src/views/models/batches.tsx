import { useQuery } from '@tanstack/react-query';
import { Panel } from '../../parts/panel.js';
import { batchesQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';
import { BatchTable } from '../batches/batches.js';
import { BatchForm } from './batch-form.js';

/** The batch predictions of a model, and a form that starts one. */
export function BatchesPanel({ model }: { readonly model: Schemas['Model'] }) {
  const { data = [] } = useQuery(batchesQuery(model.id));
  return (
    <Panel
      title="Batch predictions"
      note="A line with the answer for each image of a dataset, or for each of your files."
      wide
    >
      <BatchForm model={model} />
      {data.length > 0 && <BatchTable batches={data} />}
    </Panel>
  );
}
