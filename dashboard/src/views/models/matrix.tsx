import { Scroll } from '../../parts/scroll.js';
import type { Schemas } from '../../server.js';

interface MatrixProps {
  readonly evaluation: Schemas['ModelEvaluation'];
  readonly choose: (label: number, predicted: number) => void;
}

/** The confusion matrix; of many classes, the most frequent pairs instead. */
export function Matrix({ evaluation, choose }: MatrixProps) {
  const { matrix, classes } = evaluation;
  if (matrix === null) return <Pairs evaluation={evaluation} choose={choose} />;
  return (
    <Scroll label="Confusion matrix" className="scroll tall">
      <table className="matrix">
        <thead>
          <tr>
            <td />
            {classes.map(({ index, name }) => (
              <th key={index} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {classes.map(({ index, name, images }) => (
            <tr key={index}>
              <th scope="row">{name}</th>
              {classes.map((column) => (
                <Cell
                  key={column.index}
                  count={matrix[index]?.[column.index] ?? 0}
                  of={images}
                  isRight={column.index === index}
                  name={`${name} taken for ${column.name}`}
                  choose={() => choose(index, column.index)}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** Steps of the shade of a cell. */
const SHADES = 5;

interface CellProps {
  readonly count: number;
  /** Images of the class. */
  readonly of: number;
  readonly isRight: boolean;
  readonly name: string;
  readonly choose: () => void;
}

function Cell({ count, of, isRight, name, choose }: CellProps) {
  // The square root shows small shares, which most errors are.
  const shade = of === 0 ? 0 : Math.ceil(SHADES * Math.sqrt(count / of));
  const className = `${isRight ? 'right' : 'wrong'}-${shade}`;
  if (isRight || count === 0) return <td className={className}>{count === 0 ? '' : count}</td>;
  return (
    <td className={className}>
      <button type="button" aria-label={`${count}: ${name}`} title={name} onClick={choose}>
        {count}
      </button>
    </td>
  );
}

function Pairs({ evaluation, choose }: MatrixProps) {
  return (
    <Scroll label="Most confused pairs" className="scroll tall">
      <table className="list small">
        <thead>
          <tr>
            <th>Pair</th>
            <th className="number">Images</th>
          </tr>
        </thead>
        <tbody>
          {evaluation.confusions.map(({ label, predicted, images }) => (
            <tr key={`${label.index} ${predicted.index}`}>
              <td>
                <button type="button" className="link" onClick={() => choose(label.index, predicted.index)}>
                  {label.name} taken for {predicted.name}
                </button>
              </td>
              <td className="number">{images.toLocaleString()}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
