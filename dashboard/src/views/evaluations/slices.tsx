import { useQuery } from '@tanstack/react-query';
import { figure, percent } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { slicesQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';
import { intervalOf } from './evaluations.js';
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
export function SlicesPanel({ evaluation: { id, images }, classes, slices, choose }: SlicesPanelProps) {
  return (
    <Panel
      title="Slices"
      note="A good mean can hide images on which the network fails. The last column is the accuracy on all images outside the slice."
      wide
    >
      {slices.length > 0 && <SliceTable {...{ id, slices, choose }} />}
      <SliceForm {...{ id, images, classes }} others={slices} add={(slice) => choose([...slices, slice])} />
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
      {data && (
        <Scroll label="Figures by slice">
          <table className="list small stacked">
            <thead>
              <tr>
                <th>Slice</th>
                <th className="number">Images</th>
                <th className="number">Accuracy</th>
                <th className="number">95 % interval</th>
                <th className="number">Balanced accuracy</th>
                <th className="number">Macro F1</th>
                <th className="number">Accuracy elsewhere</th>
                <th>
                  <span className="hidden">Remove</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.slices.map((slice) => (
                <SliceRow key={slice.name} slice={slice} remove={() => remove(slice.name)} />
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </>
  );
}

interface SliceRowProps {
  readonly slice: Schemas['SliceFigures'];
  readonly remove: () => void;
}

function SliceRow({ slice, remove }: SliceRowProps) {
  return (
    <tr>
      <td data-label="Slice">{slice.name}</td>
      <td data-label="Images" className="number">
        {slice.images.toLocaleString()}
      </td>
      <td data-label="Accuracy" className="number">
        {percent(slice.accuracy, 2)}
      </td>
      <td data-label="95 % interval" className="number">
        {intervalOf(slice.accuracy_interval)}
      </td>
      <td data-label="Balanced accuracy" className="number">
        {percent(slice.balanced_accuracy, 2)}
      </td>
      <td data-label="Macro F1" className="number">
        {figure(slice.macro_f1)}
      </td>
      <td data-label="Accuracy elsewhere" className="number">
        {percent(slice.other_accuracy, 2)}
      </td>
      <td>
        <button type="button" className="link" aria-label={`Remove ${slice.name}`} onClick={remove}>
          Remove
        </button>
      </td>
    </tr>
  );
}
