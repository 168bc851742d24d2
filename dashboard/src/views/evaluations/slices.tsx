import { useQuery } from '@tanstack/react-query';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { slicesQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';
import { SliceFigures } from './slice-figures.js';
import { SliceForm } from './slice-form.js';
import { sliceOf, type WantedSlice } from './wanted-slices.js';

interface SlicesPanelProps {
  readonly evaluation: Schemas['Evaluation'];
  /** Names of the classes. */
  readonly classes: readonly string[];
  readonly slices: readonly WantedSlice[];
  readonly choose: (slices: readonly WantedSlice[]) => void;
}

/** Figures of parts of the images, and a form that asks for another part. The address of the page holds the slices. */
export function SlicesPanel({ evaluation, classes, slices, choose }: SlicesPanelProps) {
  const { id, images, dataset, figures } = evaluation;
  const columns = figures?.slices ?? [];
  return (
    <Panel
      title="Slices"
      note="A good mean can hide images on which the network fails. The last column is the accuracy on all images outside the slice."
      wide
    >
      {columns.map(({ column, values }) => (
        <SliceFigures
          key={column}
          title={column}
          rows={values.map(({ value, ...rest }) => ({ ...rest, name: value ?? 'no value' }))}
        />
      ))}
      {slices.length > 0 && <SliceTable {...{ id, slices, choose }} />}
      <SliceForm
        {...{ id, images, classes, dataset: dataset.id }}
        others={slices}
        add={(slice) => choose([...slices, slice])}
      />
    </Panel>
  );
}

interface SliceTableProps extends Pick<SlicesPanelProps, 'slices' | 'choose'> {
  readonly id: string;
}

function SliceTable({ id, slices, choose }: SliceTableProps) {
  const { data, error } = useQuery(slicesQuery(id, slices.map(sliceOf)));
  const remove = (name: string) => choose(slices.filter((slice) => slice.name !== name));
  return (
    <>
      <Problem error={error} />
      {error !== null && (
        <button type="button" onClick={() => choose([])}>
          Remove all slices
        </button>
      )}
      {data && <SliceFigures title="Slice" rows={data.slices} remove={remove} />}
    </>
  );
}
