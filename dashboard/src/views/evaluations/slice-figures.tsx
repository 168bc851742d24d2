import { figure, percent } from '../../format.js';
import { Scroll } from '../../parts/scroll.js';
import type { Schemas } from '../../server.js';
import { intervalOf } from './evaluations.js';

interface SliceFiguresProps {
  /** Heading of the names. */
  readonly title: string;
  readonly rows: readonly Schemas['SliceFigures'][];
  /** Absent where the slices belong to the evaluation. */
  readonly remove?: (name: string) => void;
}

/** A row of figures for each slice. */
export function SliceFigures({ title, rows, remove }: SliceFiguresProps) {
  return (
    <Scroll label={`Figures by ${title.toLowerCase()}`}>
      <table className="list small stacked">
        <thead>
          <tr>
            <th>{title}</th>
            <th className="number">Images</th>
            <th className="number">Accuracy</th>
            <th className="number">95 % interval</th>
            <th className="number">Balanced accuracy</th>
            <th className="number">Macro F1</th>
            <th className="number">Accuracy elsewhere</th>
            {remove && (
              <th>
                <span className="hidden">Remove</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <SliceRow key={row.name} title={title} row={row} {...(remove && { remove })} />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

interface SliceRowProps extends Pick<SliceFiguresProps, 'title' | 'remove'> {
  readonly row: Schemas['SliceFigures'];
}

function SliceRow({ title, row, remove }: SliceRowProps) {
  return (
    <tr>
      <td data-label={title}>{row.name}</td>
      <td data-label="Images" className="number">
        {row.images.toLocaleString()}
      </td>
      <td data-label="Accuracy" className="number">
        {percent(row.accuracy, 2)}
      </td>
      <td data-label="95 % interval" className="number">
        {intervalOf(row.accuracy_interval)}
      </td>
      <td data-label="Balanced accuracy" className="number">
        {percent(row.balanced_accuracy, 2)}
      </td>
      <td data-label="Macro F1" className="number">
        {figure(row.macro_f1)}
      </td>
      <td data-label="Accuracy elsewhere" className="number">
        {percent(row.other_accuracy, 2)}
      </td>
      {remove && (
        <td>
          <button
            type="button"
            className="link"
            aria-label={`Remove ${row.name}`}
            onClick={() => remove(row.name)}
          >
            Remove
          </button>
        </td>
      )}
    </tr>
  );
}
