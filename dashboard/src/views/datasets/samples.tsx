import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'wouter';
import { StrataProblem } from '../../../../client/src/index.js';
import { figure } from '../../format.js';
import { Pager } from '../../parts/pager.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { PICTURES_PER_PAGE, samplesQuery, statisticsQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';

type Dataset = Schemas['Dataset'];
type Split = Schemas['SplitName'];
const SPLITS = ['train', 'validation', 'test'] as const satisfies readonly Split[];

/** The images of a dataset by split and class, and how many of each there are. */
export function SamplePanels({ dataset }: { readonly dataset: Dataset }) {
  const { data, error } = useQuery(statisticsQuery(dataset.id));
  if (error instanceof StrataProblem && error.code === 'dataset_not_prepared') {
    return (
      <Panel title="Images">
        <p className="quiet">{error.message}</p>
      </Panel>
    );
  }
  return (
    <>
      <Samples dataset={dataset} />
      <Problem error={error} />
      {data && <Counts statistics={data} />}
    </>
  );
}

function Samples({ dataset }: { readonly dataset: Dataset }) {
  const [parameters, setParameters] = useSearchParams();
  const split = SPLITS.find((each) => each === parameters.get('split')) ?? 'train';
  const label = parameters.get('label') ?? '';
  const offset = Number(parameters.get('offset') ?? 0) || 0;
  const query = { split, offset, ...(label !== '' && { label: Number(label) }) };
  const { data, error } = useQuery(samplesQuery(dataset.id, query));
  const show = (changes: { split?: string; label?: string; offset?: number }) =>
    setParameters({ split, label, ...changes, offset: String(changes.offset ?? 0) });
  return (
    <Panel
      title="Images"
      tools={
        <span className="actions">
          <label htmlFor="split">
            Split{' '}
            <select id="split" value={split} onChange={({ target }) => show({ split: target.value })}>
              {SPLITS.filter((each) => dataset.splits[each].count > 0).map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
          <label htmlFor="label">
            Class{' '}
            <select id="label" value={label} onChange={({ target }) => show({ label: target.value })}>
              <option value="">all</option>
              {dataset.classes.map((name, index) => (
                <option key={name} value={index}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        </span>
      }
    >
      <Problem error={error} />
      <ul className="pictures">
        {data?.data.map(({ index, label: { name }, links }) => (
          <li key={index}>
            <img src={links.content} alt={`${split} ${index}`} />
            <span>{name}</span>
          </li>
        ))}
      </ul>
      {data && (
        <Pager
          offset={offset}
          size={PICTURES_PER_PAGE}
          total={data.total}
          go={(next) => show({ offset: next })}
        />
      )}
    </Panel>
  );
}

function Counts({ statistics }: { readonly statistics: Schemas['DatasetStatistics'] }) {
  const { classes, mean, standard_deviation: deviation } = statistics;
  const channels = mean.map((value, index) => `${figure(value)} ± ${figure(deviation[index])}`);
  return (
    <Panel
      title={`Classes (${classes.length})`}
      note={`Pixels of the training images, mean ± standard deviation by channel: ${channels.join(', ')}.`}
    >
      <Scroll label="Images by class" className="scroll tall">
        <table className="list small">
          <thead>
            <tr>
              <th>Class</th>
              {SPLITS.map((split) => (
                <th key={split} className="number">
                  {split}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {classes.map(({ index, name, ...counts }) => (
              <tr key={index}>
                <td>{name}</td>
                {SPLITS.map((split) => (
                  <td key={split} className="number">
                    {counts[split].toLocaleString()}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
