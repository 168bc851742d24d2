import { useQuery } from '@tanstack/react-query';
import { percent } from '../../format.js';
import { Pager } from '../../parts/pager.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { modelErrorsQuery, PICTURES_PER_PAGE } from '../../queries.js';
import type { Schemas } from '../../server.js';

interface Props {
  readonly model: Schemas['Model'];
  readonly variant: Schemas['ModelVariantName'];
  /** Index of the class that the images have; null for all. */
  readonly label: number | null;
  readonly predicted: number | null;
  readonly offset: number;
  /** Changes the address. */
  readonly show: (changes: Readonly<Record<string, string | null>>) => void;
}

/** Test images with wrong predictions, the most confident first. */
export function WrongImages({ model, variant, label, predicted, offset, show }: Props) {
  const filter = { ...(label !== null && { label }), ...(predicted !== null && { predicted }) };
  const { data, error } = useQuery(modelErrorsQuery(model.id, { variant, offset, ...filter }));
  const nameOf = (index: number) => model.classes[index] ?? String(index);
  const subject =
    label === null || predicted === null
      ? 'The most confident errors come first.'
      : `${nameOf(label)} taken for ${nameOf(predicted)}.`;
  return (
    <Panel
      title="Wrong images"
      tools={
        label === null && predicted === null ? null : (
          <button type="button" onClick={() => show({ label: null, predicted: null, offset: null })}>
            Show all
          </button>
        )
      }
      note="The first class below a picture is the right one."
    >
      <p>{subject}</p>
      <Problem error={error} />
      {data?.total === 0 && <p className="quiet">None.</p>}
      <ul className="pictures">
        {data?.data.map(({ index, label: right, classes, links }) => (
          <li key={index}>
            <img src={links.image} alt={`Test ${index}`} />
            <span>{right.name}</span>
            <span className="bad">
              {classes[0]?.name} {percent(classes[0]?.probability, 0)}
            </span>
          </li>
        ))}
      </ul>
      {data && (
        <Pager
          offset={offset}
          size={PICTURES_PER_PAGE}
          total={data.total}
          go={(next) => show({ offset: String(next) })}
        />
      )}
    </Panel>
  );
}
